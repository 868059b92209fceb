#include "coordinator/guests/job_verdict.h"

#include <iterator>

#include "absl/strings/ascii.h"

namespace innkeeper {
namespace {

// Why a result is bad news, whatever the job was. In the order of the enum.
struct ResultReason {
  JobResult result;
  Reason reason;
};
constexpr ResultReason kReasons[] = {
    {JobResult::kOk, Reason::kEnrolled},
    {JobResult::kAlready, Reason::kEnrolled},
    {JobResult::kBusy, Reason::kJoinInterrupted},
    {JobResult::kUnsupportedOs, Reason::kUnsupportedOs},
    {JobResult::kPackageMissing, Reason::kPackageMissing},
    {JobResult::kPackageInstallFailed, Reason::kPackageInstallFailed},
    {JobResult::kNetwork, Reason::kGuestNetwork},
    {JobResult::kDns, Reason::kGuestDns},
    {JobResult::kConfig, Reason::kGuestConfig},
    {JobResult::kCa, Reason::kCaProblem},
    {JobResult::kOtpRejected, Reason::kPasswordRejected},
    {JobResult::kAlreadyEnrolled, Reason::kStaleKey},
    {JobResult::kHostMissing, Reason::kHostVanished},
    {JobResult::kClockSkew, Reason::kClockSkew},
    {JobResult::kKdc, Reason::kKdcUnreachable},
    {JobResult::kReplicaLag, Reason::kReplicaLag},
    {JobResult::kForeignPrincipal, Reason::kForeignPrincipal},
    {JobResult::kStaleKey, Reason::kStaleKey},
    {JobResult::kNotJoined, Reason::kGuestKeyLost},
    {JobResult::kSssd, Reason::kSssdInactive},
    {JobResult::kRolledBack, Reason::kJoinRolledBack},
    {JobResult::kInterrupted, Reason::kJoinInterrupted},
    {JobResult::kAttemptUnknown, Reason::kJoinInterrupted},
    {JobResult::kExecBlocked, Reason::kExecBlocked},
    {JobResult::kAgentUnresponsive, Reason::kAgentUnresponsive},
    {JobResult::kAgentNotConnected, Reason::kWaitingForGuest},
    {JobResult::kNotRunning, Reason::kWaitingForGuest},
    {JobResult::kDomainGone, Reason::kWaitingForGuest},
    {JobResult::kFrozen, Reason::kGuestFrozen},
    {JobResult::kBadAnswer, Reason::kBadAnswer},
    {JobResult::kDeadline, Reason::kJoinTimeout},
    {JobResult::kCancelled, Reason::kJoinInterrupted},
    {JobResult::kInternal, Reason::kInternal},
};

constexpr bool IsInOrder() {
  for (size_t i = 0; i < std::size(kReasons); ++i) {
    if (kReasons[i].result != static_cast<JobResult>(i)) return false;
  }
  return std::size(kReasons) == static_cast<size_t>(JobResult::kInternal) + 1;
}
static_assert(IsInOrder());

Reason ReasonOf(JobResult result) { return kReasons[static_cast<size_t>(result)].reason; }

JoinHandling HandlingOfJoin(JobResult result) {
  switch (result) {
    case JobResult::kOk:
    case JobResult::kAlready:
      return JoinHandling::kJoined;
    case JobResult::kSssd:
      return JoinHandling::kKeyHeld;
    case JobResult::kUnsupportedOs:
    case JobResult::kPackageMissing:
    case JobResult::kConfig:
    case JobResult::kCa:
    case JobResult::kExecBlocked:
      return JoinHandling::kStop;
    default:
      return JoinHandling::kRetry;
  }
}

VerifyHandling HandlingOfVerify(JobResult result) {
  switch (result) {
    case JobResult::kOk:
    case JobResult::kAlready:
      return VerifyHandling::kProven;
    case JobResult::kSssd:
      return VerifyHandling::kKeyHeld;
    case JobResult::kStaleKey:
    case JobResult::kNotJoined:
    case JobResult::kForeignPrincipal:
      return VerifyHandling::kLost;
    case JobResult::kExecBlocked:
    case JobResult::kUnsupportedOs:
      return VerifyHandling::kStop;
    default:
      return VerifyHandling::kUnknown;
  }
}

}  // namespace

bool ProvesKeyOf(const GuestProof& proof, const Fqdn& fqdn) {
  const std::string start = "host/" + fqdn.text + "@";
  return proof.kinit && absl::AsciiStrToLower(proof.principal).rfind(start, 0) == 0;
}

JoinVerdict JudgeJoin(const JobView& job, const Fqdn& fqdn, bool delivered) {
  const JobResult result = job.result.value_or(JobResult::kInternal);
  if (result == JobResult::kAttemptUnknown && !delivered)
    return {JoinHandling::kRetryNow, Reason::kJoinInterrupted};
  const JoinHandling handling = HandlingOfJoin(result);
  const bool claims_key = handling == JoinHandling::kJoined || handling == JoinHandling::kKeyHeld;
  if (claims_key && !ProvesKeyOf(job.proof, fqdn))
    return {JoinHandling::kRetry, Reason::kBadAnswer};
  return {handling, ReasonOf(result)};
}

VerifyVerdict JudgeVerify(const JobView& job, const Fqdn& fqdn) {
  const JobResult result = job.result.value_or(JobResult::kInternal);
  const VerifyHandling handling = HandlingOfVerify(result);
  const bool claims_key =
      handling == VerifyHandling::kProven || handling == VerifyHandling::kKeyHeld;
  if (claims_key && !ProvesKeyOf(job.proof, fqdn))
    return {VerifyHandling::kUnknown, Reason::kBadAnswer};
  return {handling, ReasonOf(result)};
}

}  // namespace innkeeper
