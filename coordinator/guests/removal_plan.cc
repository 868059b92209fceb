#include "coordinator/guests/removal_plan.h"

#include "coordinator/guests/ownership.h"
#include "coordinator/guests/plan_parts.h"
#include "coordinator/guests/wish.h"

namespace innkeeper::plan {
namespace {

// True when no VM can come back to this record: its undefine was seen, or nobody knows its uid.
bool IsVmGone(const Observed& seen) {
  return !seen.vm || seen.vm->presence == VmPresence::kRemoved;
}

Step PlanNothingLeft(const Observed& seen) {
  if (seen.guest.status.leaving_since) return Do(ActionKind::kForgetIdentity, Reason::kHostRemoved);
  const bool declined = IntentOf(seen.guest, seen.vm) == Intent::kDecline;
  if (seen.guest.deleting || (declined && IsVmGone(seen))) return Do(ActionKind::kDeleteRecord);
  return In(Phase::kNotEnrolled, Reason::kOptedOut, "enrolment was declined");
}

// The guest may come into reach within the deadline: its node is away, or its state not known yet.
bool MayBeReachedSoon(const VmRecord& vm) {
  return vm.presence == VmPresence::kPresent && (!vm.node_connected || vm.run == VmRun::kUnknown);
}

bool IsOurs(const HostRecord& host, const Observed& seen) {
  const Ownership whose = OwnershipOf(host, seen);
  return whose == Ownership::kOurs || whose == Ownership::kOursElsewise ||
         host.Owner() == DeletingTagOf(seen);
}

// A guest whose name was only wished for (a conflict, say) may hold a key that is not of our
// making: uninstalling its client would take from somebody what we never gave.
bool GaveTheKey(const Observed& seen) {
  if (seen.host.seen == HostView::Seen::kPresent) return IsOurs(seen.host.record, seen);
  return seen.guest.status.enrolled_generation >= 0;
}

// Nothing: the client in the guest is uninstalled, or cannot be, or is none of our business.
std::optional<Step> PlanLeave(const Observed& seen, const Timings& timings) {
  // A VM that goes takes its client along.
  if (seen.guest.deleting || IsVmGone(seen) || seen.vm->deleting) return std::nullopt;
  if (seen.host.seen == HostView::Seen::kNot) return Do(ActionKind::kLookAtHost);
  if (!GaveTheKey(seen)) return std::nullopt;
  const Duration left =
      timings.leave_deadline - Elapsed(*seen.guest.status.leaving_since, seen.now);
  if (left <= Duration::zero()) return std::nullopt;
  const Step wait =
      In(Phase::kLeaving, Reason::kLeaving, "uninstalling the client in the guest", left);
  const JobView* job = FindJobOf(seen.vm, JobKind::kLeave);
  if (job != nullptr && job->result) {
    if (job->result != JobResult::kBusy) return std::nullopt;
    Step step = Do(ActionKind::kAcknowledge);
    step.order = job->id;
    return step;
  }
  if (job != nullptr) return wait;
  if (!ObstacleTo(seen.vm)) return Do(ActionKind::kSendLeave, Reason::kLeaving);
  return MayBeReachedSoon(*seen.vm) ? std::optional(wait) : std::nullopt;
}

// The host goes only while its tag, read after it was written, names us and our term.
Step PlanHostRemoval(const Observed& seen) {
  if (seen.host.seen == HostView::Seen::kNot) return Do(ActionKind::kLookAtHost);
  const bool present = seen.host.seen == HostView::Seen::kPresent;
  if (present && seen.host.record.Owner() == DeletingTagOf(seen))
    return Do(ActionKind::kDeleteHost, Reason::kHostRemoved);
  if (present && IsOurs(seen.host.record, seen))
    return Do(ActionKind::kRetagDeleting, Reason::kLeaving);
  return Do(ActionKind::kForgetIdentity, Reason::kHostRemoved,
            present ? "the host is not ours: left alone" : "the host is gone");
}

}  // namespace

Step PlanRemoval(const Observed& seen, const Timings& timings, Reason why) {
  if (!seen.settled) return Quiet(timings.recheck);
  if (!HasIdentity(seen.guest)) return PlanNothingLeft(seen);
  if (!seen.guest.status.leaving_since) return Do(ActionKind::kBeginRemoval, why);
  if (seen.guest.status.attempt) return Do(ActionKind::kDropAttempt);
  if (std::optional<Step> step = PlanLeave(seen, timings)) return *step;
  return PlanHostRemoval(seen);
}

}  // namespace innkeeper::plan
