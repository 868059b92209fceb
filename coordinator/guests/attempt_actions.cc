// What a pass does for the guest's key: names, attempts, proofs.
#include <algorithm>

#include "base/failpoint.h"
#include "coordinator/guests/guest_report.h"
#include "coordinator/guests/identity_pass.h"
#include "coordinator/guests/job_id.h"
#include "coordinator/guests/plan_parts.h"

namespace innkeeper {

absl::Status IdentityPass::ActOnGuest(const Step& step) {
  switch (step.kind) {
    case ActionKind::kAssignName:
      return AssignName();
    case ActionKind::kBeginAttempt:
      return BeginAttempt();
    case ActionKind::kIssuePassword:
      return IssuePassword();
    case ActionKind::kDeliver:
      return Deliver(step);
    case ActionKind::kAskAboutAttempt:
      return AskAboutAttempt();
    case ActionKind::kFailAttempt:
      return FailAttempt(step);
    case ActionKind::kMarkEnrolled:
      return MarkEnrolled(step);
    case ActionKind::kMarkKeyHeld:
      return MarkKeyHeld(step);
    case ActionKind::kSendVerify:
      return SendVerify();
    case ActionKind::kSettleVerify:
      return SettleVerify(step);
    case ActionKind::kAcceptLoss:
      return AcceptLoss(step);
    case ActionKind::kClearDisk:
      return ClearDisk();
    default:
      return absl::InternalError("a step without an action");
  }
}

absl::Status IdentityPass::AssignName() {
  const PolicyDecision& policy = seen_.policy;
  if (std::optional<PolicyDecision::Refusal> refusal =
          index_.Claim(guest().key, policy.fqdn, policy.quota)) {
    seen_.policy.refusal = std::move(refusal);
    return absl::OkStatus();
  }
  status().fqdn = policy.fqdn;
  RETURN_IF_ERROR(Save());
  FAILPOINT("identity.name_assigned");
  return absl::OkStatus();
}

absl::Status IdentityPass::BeginAttempt() {
  Attempt attempt;
  attempt.id = NewOrder(PrefixOf(JobKind::kJoin));
  attempt.password_generation = status().password_generation + 1;
  attempt.spec_generation = guest().spec.generation;
  attempt.started = seen_.now;
  attempt.by_disk = plan::JoinsAtNextBoot(seen_.vm);
  if (seen_.vm) attempt.run = seen_.vm->run_id;
  status().attempt = std::move(attempt);
  status().enrolled_generation = -1;
  status().verified_run.clear();
  status().next_try.reset();
  status().setback.reset();
  if (!status().first_try) status().first_try = seen_.now;
  RETURN_IF_ERROR(RaisePasswordGeneration());
  FAILPOINT("identity.attempt_stored");
  AcknowledgeFinished(JobKind::kVerify);
  seen_.attempt_fresh = true;
  return absl::OkStatus();
}

absl::Status IdentityPass::IssuePassword() {
  absl::StatusOr<IssuedPassword> issued = seams_.ipa.IssuePassword(status().fqdn, call_);
  if (absl::IsFailedPrecondition(issued.status()) || absl::IsNotFound(issued.status())) {
    seen_.host = {};  // enrolled or deleted in this moment: look again
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(issued.status());
  return StorePassword(*std::move(issued));
}

// Stored before it is delivered: an attempt without a server was surely not delivered. The store's
// version check also finds out an answer that came too late for its generation: it is dropped here.
absl::Status IdentityPass::StorePassword(IssuedPassword issued) {
  FAILPOINT("identity.password_issued");
  if (issued.password.empty()) return absl::InternalError("FreeIPA issued an empty password");
  seen_.attempt_fresh = false;
  seen_.host.record.has_password = true;
  status().attempt->server = issued.server;
  if (issued.server.empty()) status().attempt->server = "unknown";
  if (status().attempt->by_disk) status().disk_loaded = true;
  RETURN_IF_ERROR(Save());
  FAILPOINT("identity.server_stored");
  password_ = std::move(issued);
  seen_.password_in_hand = true;
  return absl::OkStatus();
}

absl::Status IdentityPass::Deliver(const Step& step) {
  JoinJob job;
  job.uid = guest().uid;
  job.attempt = status().attempt->id;
  job.fqdn = status().fqdn;
  job.password = std::move(password_.password);
  job.server = password_.server;
  job.may_install = seen_.policy.may_install;
  job.may_set_clock = seen_.policy.may_set_clock;
  job.by_disk = status().attempt->by_disk;
  seen_.password_in_hand = false;
  RETURN_IF_ERROR(seams_.delivery.Join(std::move(job), call_));
  FAILPOINT("identity.order_sent");
  status().attempt->delivered = true;
  Step shown = step;
  shown.phase = status().attempt->by_disk ? Phase::kRegistered : Phase::kJoining;
  ShowStep(status(), shown, seen_.now);
  RETURN_IF_ERROR(Save());
  FAILPOINT("identity.delivery_noted");
  return absl::OkStatus();
}

absl::Status IdentityPass::AskAboutAttempt() {
  JoinJob job;
  job.uid = guest().uid;
  job.attempt = status().attempt->id;
  job.fqdn = status().fqdn;
  job.server = status().attempt->server;
  job.guest_pid = status().attempt->guest_pid;
  job.by_disk = status().attempt->by_disk;
  job.may_install = seen_.policy.may_install;
  job.may_set_clock = seen_.policy.may_set_clock;
  return seams_.delivery.Join(std::move(job), call_);
}

absl::Status IdentityPass::FailAttempt(const Step& step) {
  FAILPOINT("identity.result_seen");
  const std::string order = status().attempt->id;
  const JobView* job = plan::FindJob(seen_.vm, order);
  if (job != nullptr && !job->result) seams_.delivery.Cancel(guest().uid, order);
  status().attempt.reset();
  SetBack(step);
  if (step.again > Duration::zero()) {
    ShowStep(status(), step, seen_.now);
    metrics_.Count(EnrolmentResult::kFailed);
  }
  RETURN_IF_ERROR(Save());
  FAILPOINT("identity.failure_stored");
  if (job != nullptr && job->result) Acknowledge(order);
  return absl::OkStatus();
}

absl::Status IdentityPass::MarkEnrolled(const Step& step) {
  FAILPOINT("identity.result_seen");
  const bool was_enrolled = plan::IsEnrolled(guest());
  bool foreign_moved = false;
  std::string order;
  status().verified_run = seen_.vm->run_id;
  if (status().attempt) {
    order = status().attempt->id;
    // A reboot since then wants its own proof; so does a boot that nobody watched.
    status().verified_run = status().attempt->by_disk ? "" : status().attempt->run;
    const JobView* job = plan::FindJob(seen_.vm, order);
    foreign_moved = job != nullptr && job->proof.foreign_moved;
    status().enrolled_generation = status().attempt->spec_generation;
    status().attempt.reset();
  } else if (!was_enrolled) {
    status().enrolled_generation = guest().spec.generation;
  }
  if (status().first_try)
    status().enroll_took = seen_.now - std::max(*status().first_try, seen_.vm->run_since);
  status().first_try.reset();
  status().failures = 0;
  status().next_try.reset();
  status().setback.reset();
  status().host_dn = seen_.host.record.dn;
  status().keytab_since = seen_.host.record.keytab_since;
  Step shown = step;
  shown.phase = Phase::kEnrolled;
  ShowStep(status(), shown, seen_.now);
  RETURN_IF_ERROR(Save());
  FAILPOINT("identity.enrolled_stored");
  if (foreign_moved)
    seams_.recorder.Record(guest().key, Reason::kForeignPrincipal, "a foreign key was moved aside");
  if (!was_enrolled) {
    metrics_.Count(EnrolmentResult::kEnrolled);
    metrics_.ObserveEnrolment(status().enroll_took.value_or(absl::ZeroDuration()));
  }
  if (!order.empty()) Acknowledge(order);
  AcknowledgeFinished(JobKind::kVerify);
  return absl::OkStatus();
}

absl::Status IdentityPass::MarkKeyHeld(const Step& step) {
  std::string order;
  if (status().attempt) {
    order = status().attempt->id;
    status().enrolled_generation = status().attempt->spec_generation;
    status().attempt.reset();
  } else if (!plan::IsEnrolled(guest())) {
    status().enrolled_generation = guest().spec.generation;
  }
  status().verified_run.clear();
  Step shown = step;
  shown.phase = Phase::kFailed;
  shown.again = plan::BackoffAfter(status().failures, settings_.timings);
  SetBack(shown);
  ShowStep(status(), shown, seen_.now);
  RETURN_IF_ERROR(Save());
  if (!order.empty()) Acknowledge(order);
  AcknowledgeFinished(JobKind::kVerify);
  return absl::OkStatus();
}

absl::Status IdentityPass::SendVerify() {
  return seams_.delivery.Verify(guest().uid, status().fqdn,
                                NewOrder(VerifyPrefix(seen_.vm->run_id)), call_);
}

absl::Status IdentityPass::SettleVerify(const Step& step) {
  SetBack(step);
  Step shown = step;
  shown.phase = status().verified_run.empty() ? Phase::kFailed : Phase::kEnrolled;
  ShowStep(status(), shown, seen_.now);
  RETURN_IF_ERROR(Save());
  Acknowledge(step.order);
  return absl::OkStatus();
}

absl::Status IdentityPass::ClearDisk() {
  RETURN_IF_ERROR(seams_.delivery.ClearDisk(guest().uid, plan::IsEnrolled(guest()), call_));
  status().disk_loaded = false;
  return Save();
}

absl::Status IdentityPass::AcceptLoss(const Step& step) {
  status().enrolled_generation = -1;
  status().verified_run.clear();
  status().keytab_since.reset();
  status().next_try.reset();
  status().setback.reset();
  Step shown = step;
  shown.phase = Phase::kRegistered;
  const bool host_lost = step.reason == Reason::kHostVanished || step.reason == Reason::kConflict;
  if (host_lost) {
    shown.phase = Phase::kWaiting;
    status().host_groups.clear();
    SetCondition(status(), ConditionType::kHostRegistered, Truth::kFalse, step.reason, step.message,
                 seen_.now);
  }
  ShowStep(status(), shown, seen_.now);
  RETURN_IF_ERROR(Save());
  FAILPOINT("identity.loss_stored");
  AcknowledgeFinished(JobKind::kVerify);
  return absl::OkStatus();
}

}  // namespace innkeeper
