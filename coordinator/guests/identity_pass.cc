#include "coordinator/guests/identity_pass.h"

#include <algorithm>
#include <vector>

#include "coordinator/guests/guest_report.h"
#include "coordinator/guests/job_id.h"
#include "coordinator/guests/plan_parts.h"

namespace innkeeper {
namespace {

constexpr int kOrderIdDigits = 32;  // hexadecimal: 128 bits, as a UUID

bool WritesDisk(const Step& step, const Guest& guest) {
  if (step.kind == ActionKind::kClearDisk) return true;
  return step.kind == ActionKind::kDeliver && guest.status.attempt && guest.status.attempt->by_disk;
}

// Whom a failed step asked, and so what its failure means.
Reason ReasonOfFailure(const Step& step, const Guest& guest, const absl::Status& failure) {
  if (WritesDisk(step, guest)) return Reason::kDiskNotWritten;
  switch (failure.code()) {
    case absl::StatusCode::kPermissionDenied:
      return Reason::kIpaDenied;
    case absl::StatusCode::kInvalidArgument:
      return Reason::kIpaRefused;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      break;
    default:
      return step.kind == ActionKind::kBeginRemoval ? Reason::kRemovalHeld : Reason::kInternal;
  }
  switch (step.kind) {
    case ActionKind::kDeliver:
    case ActionKind::kAskAboutAttempt:
    case ActionKind::kSendVerify:
    case ActionKind::kSendLeave:
      return Reason::kWaitingForNode;
    default:
      return Reason::kIpaUnavailable;
  }
}

// The same call, ended early enough that its failure can still be stored.
Call WithReserve(const Call& call) {
  constexpr Duration kMostReserve = std::chrono::seconds(5);
  const Duration left = call.Remaining();
  return call.AtMost(left - std::min<Duration>(left / 4, kMostReserve));
}

Duration Jittered(Duration wait, Random& random) {
  const auto fifth = static_cast<uint64_t>(wait.count() / 5);
  return fifth == 0 ? wait : wait - wait / 10 + Duration(random.Below(fifth));
}

}  // namespace

IdentityPass::IdentityPass(const Seams& seams, const IdentitySettings& settings, GuestIndex& index,
                           GuestMetrics& metrics, Observed seen, Call call)
    : seams_(seams),
      settings_(settings),
      index_(index),
      metrics_(metrics),
      store_call_(std::move(call)),
      call_(WithReserve(store_call_)),
      seen_(std::move(seen)),
      stored_(seen_.guest.status) {}

absl::Status IdentityPass::Act(const Step& step) {
  if (step.kind == ActionKind::kAcknowledge) {
    Acknowledge(step.order);
    return absl::OkStatus();
  }
  if (step.kind >= ActionKind::kMarkDeleting) return ActOnRemoval(step);
  switch (step.kind) {
    case ActionKind::kLookAtHost:
    case ActionKind::kAddHost:
    case ActionKind::kAddHostForAttempt:
    case ActionKind::kNoteRegistered:
    case ActionKind::kTakeHost:
    case ActionKind::kAddToGroup:
    case ActionKind::kWithdrawPassword:
    case ActionKind::kDisableHost:
      return ActOnHost(step);
    default:
      return ActOnGuest(step);
  }
}

// Which program in the guest carries the attempt: what the next coordinator asks the next agent
// for.
void IdentityPass::NoteProgram() {
  if (!status().attempt) return;
  const JobView* job = plan::FindJob(seen_.vm, status().attempt->id);
  if (job != nullptr && job->guest_pid > 0) status().attempt->guest_pid = job->guest_pid;
}

absl::StatusOr<Duration> IdentityPass::Report(const Step& last) {
  NoteProgram();
  ShowStep(status(), last, seen_.now);
  Duration pending = Duration::zero();
  if (!seen_.paused) pending = ShowVm(status(), seen_.vm, seen_.now, settings_.timings.agent_grace);
  if (status() == stored_) return pending;
  RETURN_IF_ERROR(Save());
  return pending;
}

absl::StatusOr<Duration> IdentityPass::ReportFailure(const Step& step,
                                                     const absl::Status& failure) {
  if (OutcomeUnknown(failure)) {
    status().unsure_until = seen_.now + absl::FromChrono(settings_.timings.unknown_outcome);
  }
  Step shown = plan::Keep(ReasonOfFailure(step, guest(), failure), std::string(failure.message()));
  if (!plan::IsRegistered(guest()) && !status().leaving_since) shown.phase = Phase::kWaiting;
  // A node that went away in this moment, or a version that was not the newest, is nothing to show.
  shown.quiet =
      shown.reason == Reason::kWaitingForNode || failure.code() == absl::StatusCode::kAborted;
  return Report(shown);
}

absl::Status IdentityPass::Save() {
  if (status() == stored_) return absl::OkStatus();
  ASSIGN_OR_RETURN(guest().version, seams_.store.UpdateStatus(guest(), store_call_));
  for (const Transition& transition : TransitionsBetween(stored_, status()))
    seams_.recorder.Record(guest().key, transition.reason, transition.message);
  stored_ = status();
  index_.Set(guest());
  return absl::OkStatus();
}

void IdentityPass::Acknowledge(const std::string& order) {
  seams_.delivery.Acknowledge(guest().uid, order);
  if (seen_.vm) seen_.vm->jobs.erase(order);
}

void IdentityPass::AcknowledgeFinished(JobKind kind) {
  if (!seen_.vm) return;
  std::vector<std::string> finished;
  for (const auto& [id, job] : seen_.vm->jobs) {
    if (IsJobOf(kind, id) && job.result) finished.push_back(id);
  }
  for (const std::string& id : finished) Acknowledge(id);
}

absl::Status IdentityPass::RaisePasswordGeneration() {
  ++status().password_generation;
  return Save();
}

void IdentityPass::SetBack(const Step& step) {
  status().failures += step.again > Duration::zero() ? 1 : 0;
  status().next_try = seen_.now + absl::FromChrono(Jittered(step.again, seams_.random));
  status().setback =
      Setback{seen_.now, seen_.vm ? seen_.vm->run_id : "", guest().spec.generation, step.final};
}

std::string IdentityPass::NewOrder(std::string id) {
  for (int i = 0; i < kOrderIdDigits; ++i) id += "0123456789abcdef"[seams_.random.Below(16)];
  return id;
}

}  // namespace innkeeper
