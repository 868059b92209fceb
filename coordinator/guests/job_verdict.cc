#include "coordinator/guests/job_verdict.h"

#include "absl/strings/ascii.h"

namespace innkeeper {
namespace {

// Why a result is bad news, whatever the job was.
Reason ReasonOf(JobResult result) {
  switch (result) {
    case JobResult::kOk:
    case JobResult::kAlready:
      return Reason::kEnrolled;
    case JobResult::kUnsupportedOs:
      return Reason::kUnsupportedOs;
    case JobResult::kPackageMissing:
      return Reason::kPackageMissing;
    case JobResult::kPackageInstallFailed:
      return Reason::kPackageInstallFailed;
    case JobResult::kNetwork:
      return Reason::kGuestNetwork;
    case JobResult::kDns:
      return Reason::kGuestDns;
    case JobResult::kConfig:
      return Reason::kGuestConfig;
    case JobResult::kCa:
      return Reason::kCaProblem;
    case JobResult::kOtpRejected:
      return Reason::kPasswordRejected;
    case JobResult::kAlreadyEnrolled:
    case JobResult::kStaleKey:
      return Reason::kStaleKey;
    case JobResult::kHostMissing:
      return Reason::kHostVanished;
    case JobResult::kClockSkew:
      return Reason::kClockSkew;
    case JobResult::kKdc:
      return Reason::kKdcUnreachable;
    case JobResult::kReplicaLag:
      return Reason::kReplicaLag;
    case JobResult::kForeignPrincipal:
      return Reason::kForeignPrincipal;
    case JobResult::kNotJoined:
      return Reason::kGuestKeyLost;
    case JobResult::kSssd:
      return Reason::kSssdInactive;
    case JobResult::kRolledBack:
      return Reason::kJoinRolledBack;
    case JobResult::kBusy:
    case JobResult::kInterrupted:
    case JobResult::kAttemptUnknown:
    case JobResult::kCancelled:
      return Reason::kJoinInterrupted;
    case JobResult::kExecBlocked:
      return Reason::kExecBlocked;
    case JobResult::kAgentUnresponsive:
      return Reason::kAgentUnresponsive;
    case JobResult::kAgentNotConnected:
    case JobResult::kNotRunning:
    case JobResult::kDomainGone:
      return Reason::kWaitingForGuest;
    case JobResult::kFrozen:
      return Reason::kGuestFrozen;
    case JobResult::kBadAnswer:
      return Reason::kBadAnswer;
    case JobResult::kDeadline:
      return Reason::kJoinTimeout;
    case JobResult::kInternal:
      break;
  }
  return Reason::kInternal;
}

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
