// What a pass does to take an identity away.
#include "base/failpoint.h"
#include "coordinator/guests/guest_report.h"
#include "coordinator/guests/identity_pass.h"
#include "coordinator/guests/job_id.h"
#include "coordinator/guests/ownership.h"
#include "coordinator/guests/plan_parts.h"
#include "coordinator/guests/wish.h"

namespace innkeeper {

absl::Status IdentityPass::ActOnRemoval(const Step& step) {
  switch (step.kind) {
    case ActionKind::kMarkDeleting:
      return MarkDeleting();
    case ActionKind::kBeginRemoval:
      return BeginRemoval(step);
    case ActionKind::kDropAttempt:
      return DropAttempt();
    case ActionKind::kSendLeave:
      return SendLeave();
    case ActionKind::kRetagDeleting:
      return RetagDeleting();
    case ActionKind::kDeleteHost:
      return DeleteHost();
    case ActionKind::kForgetIdentity:
      return ForgetIdentity();
    case ActionKind::kDeleteRecord:
      return DeleteRecord();
    default:
      return absl::InternalError("a step without an action");
  }
}

absl::Status IdentityPass::MarkDeleting() {
  ASSIGN_OR_RETURN(guest().version, seams_.store.MarkDeleting(guest(), call_));
  guest().deleting = true;
  index_.Set(guest());
  return absl::OkStatus();
}

absl::Status IdentityPass::BeginRemoval(const Step& step) {
  if (absl::Status held = seams_.operation.CountRemoval(guest().key, call_); !held.ok()) {
    if (absl::IsFailedPrecondition(held)) metrics_.Count(RemovalResult::kHeld);
    return held;
  }
  status().leaving_since = seen_.now;
  Step shown = step;
  shown.phase = Phase::kLeaving;
  shown.message = "the identity is taken away";
  ShowStep(status(), shown, seen_.now);
  RETURN_IF_ERROR(Save());
  FAILPOINT("identity.removal_begun");
  return absl::OkStatus();
}

absl::Status IdentityPass::DropAttempt() {
  const std::string order = status().attempt->id;
  const JobView* job = plan::FindJob(seen_.vm, order);
  if (job != nullptr && !job->result) seams_.delivery.Cancel(guest().uid, order);
  status().attempt.reset();
  RETURN_IF_ERROR(Save());
  if (job != nullptr && job->result) Acknowledge(order);
  return absl::OkStatus();
}

absl::Status IdentityPass::SendLeave() {
  RETURN_IF_ERROR(seams_.delivery.Leave(guest().uid, status().fqdn,
                                        NewOrder(PrefixOf(JobKind::kLeave)), call_));
  FAILPOINT("identity.leave_sent");
  return absl::OkStatus();
}

absl::Status IdentityPass::RetagDeleting() {
  const std::optional<OwnerTag> now = seen_.host.record.Owner();
  RETURN_IF_ERROR(seams_.ipa.Retag(status().fqdn, *now, DeletingTagOf(seen_), call_));
  FAILPOINT("identity.host_retagged");
  seen_.host = {};  // two writers can both succeed: the reader decides
  return absl::OkStatus();
}

absl::Status IdentityPass::DeleteHost() {
  if (!seams_.leadership.Leads()) return absl::AbortedError("another one leads");
  RETURN_IF_ERROR(seams_.ipa.DeleteHost(status().fqdn, call_));
  FAILPOINT("identity.host_deleted");
  seen_.host = {HostView::Seen::kAbsent, {}, false};
  metrics_.Count(RemovalResult::kRemoved);
  return absl::OkStatus();
}

absl::Status IdentityPass::ForgetIdentity() {
  const bool declined = IntentOf(guest(), seen_.vm) == Intent::kDecline;
  const Reason why = declined ? Reason::kOptedOut : Reason::kHostRemoved;
  status() = ForgottenStatus(status(), why, seen_.now);
  RETURN_IF_ERROR(Save());
  FAILPOINT("identity.identity_forgotten");
  AcknowledgeFinished(JobKind::kLeave);
  AcknowledgeFinished(JobKind::kVerify);
  seen_.host = {};
  return absl::OkStatus();
}

absl::Status IdentityPass::DeleteRecord() {
  const absl::Status deleted = seams_.store.Delete(guest().key, guest().version, call_);
  if (!deleted.ok() && !absl::IsNotFound(deleted)) return deleted;
  index_.Erase(guest().key);
  record_deleted_ = true;
  return absl::OkStatus();
}

}  // namespace innkeeper
