#include "coordinator/guests/identity_plan.h"

#include <algorithm>

#include "coordinator/guests/attempt_plan.h"
#include "coordinator/guests/job_id.h"
#include "coordinator/guests/key_plan.h"
#include "coordinator/guests/plan_parts.h"
#include "coordinator/guests/removal_plan.h"
#include "coordinator/guests/wish.h"

namespace innkeeper {
namespace {

using namespace plan;

// Results that concern nobody: of attempts that were closed, of leaves while nobody leaves.
std::optional<Step> AcknowledgeStray(const Observed& seen) {
  if (!seen.vm) return std::nullopt;
  const GuestStatus& status = seen.guest.status;
  for (const auto& [id, job] : seen.vm->jobs) {
    if (!job.result) continue;
    const bool stray_join =
        IsJobOf(JobKind::kJoin, id) && !(status.attempt && status.attempt->id == id);
    const bool stray_leave = IsJobOf(JobKind::kLeave, id) && !status.leaving_since;
    if (!stray_join && !stray_leave) continue;
    Step step = Do(ActionKind::kAcknowledge);
    step.order = id;
    return step;
  }
  return std::nullopt;
}

// How long a write whose answer was lost may still land; zero also when the clock was set back.
Duration UntilSure(const Observed& seen, const Timings& timings) {
  const std::optional<absl::Time>& until = seen.guest.status.unsure_until;
  if (!until || *until <= seen.now) return Duration::zero();
  const Duration left = absl::ToChronoNanoseconds(*until - seen.now);
  return left > timings.unknown_outcome * 2 ? Duration::zero() : left;
}

// A witnessed undefine counts only while every node could contradict it, and after the grace.
Step PlanRemovedVm(const Observed& seen, const Timings& timings) {
  if (!seen.settled || !seen.all_nodes_connected) return Quiet(timings.recheck);
  const Duration gone = seen.monotonic - seen.vm->presence_mark;
  if (gone < timings.undefine_grace) return Quiet(timings.undefine_grace - gone);
  return Do(ActionKind::kMarkDeleting, Reason::kLeaving, "the domain was undefined");
}

// Nothing: the VM is there, in one place.
std::optional<Step> JudgePresence(const Observed& seen, const Timings& timings) {
  if (!seen.vm || seen.vm->presence == VmPresence::kMissing) {
    if (!seen.settled) return Quiet(timings.recheck);
    return In(Phase::kMissing, Reason::kMissing, "the domain is gone; its identity is kept");
  }
  if (seen.vm->presence == VmPresence::kRemoved) return PlanRemovedVm(seen, timings);
  if (seen.vm->disputed_by.empty()) return std::nullopt;
  return Keep(Reason::kPlacementDisputed, "nodes " + seen.vm->node.text + " and " +
                                              seen.vm->disputed_by.front().text +
                                              " report the same domain UUID");
}

Step PlanName(const Observed& seen, const Timings& timings) {
  if (seen.policy.refusal) {
    const PolicyDecision::Refusal& refusal = *seen.policy.refusal;
    if (refusal.reason == Reason::kIpaUnavailable)
      return In(Phase::kWaiting, refusal.reason, refusal.message, timings.recheck);
    return In(Phase::kFailed, refusal.reason, refusal.message, timings.conflict_recheck);
  }
  return Do(ActionKind::kAssignName);
}

// Somebody set another name, and policy allows it: the old identity goes first.
bool IsRenameWanted(const Observed& seen) {
  return !seen.policy.refusal && !WishedFqdn(seen.guest, seen.vm).empty() &&
         seen.policy.fqdn != seen.guest.status.fqdn;
}

// An enrolled guest that has nothing to do shows `reason` instead.
Step WithNote(Step step, Reason reason, const std::string& message) {
  if (step.kind != ActionKind::kWait || step.phase != Phase::kEnrolled) return step;
  step.reason = reason;
  step.message = message;
  return step;
}

Step PlanEnrolment(const Observed& seen, const Timings& timings) {
  if (!HasIdentity(seen.guest)) return PlanName(seen, timings);
  if (IsRenameWanted(seen)) return PlanRemoval(seen, timings, Reason::kRenamed);
  if (IsIssued(seen.guest)) return PlanIssuedAttempt(seen, timings);
  // Policy that was tightened takes nothing away, but gives nothing new either.
  if (IsEnrolled(seen.guest)) {
    const Step step = PlanEnrolled(seen, timings);
    if (!seen.policy.refusal || seen.policy.refusal->reason == Reason::kIpaUnavailable) return step;
    return WithNote(step, seen.policy.refusal->reason, seen.policy.refusal->message);
  }
  if (seen.policy.refusal) return PlanName(seen, timings);
  return PlanUnenrolled(seen, timings);
}

// What was enrolled is kept in order; what was not is not begun.
Step PlanVanishedWish(const Observed& seen, const Timings& timings) {
  const std::string gone = "the opt-in is gone; the identity stays";
  if (IsIssued(seen.guest)) return PlanIssuedAttempt(seen, timings);
  if (!IsEnrolled(seen.guest)) return Keep(Reason::kWishVanished, gone);
  return WithNote(PlanEnrolled(seen, timings), Reason::kWishVanished, gone);
}

Step PlanByIntent(const Observed& seen, const Timings& timings, Intent intent) {
  switch (intent) {
    case Intent::kEnroll:
      return PlanEnrolment(seen, timings);
    case Intent::kVanished:
      return PlanVanishedWish(seen, timings);
    default:
      return In(Phase::kNotEnrolled, Reason::kNotWished, "nobody asked to enrol this guest");
  }
}

// Whatever is waited for, the deadline of an attempt's password is not missed.
Step WithDeadline(Step step, const Observed& seen, const Timings& timings) {
  const std::optional<Attempt>& attempt = seen.guest.status.attempt;
  if (step.kind != ActionKind::kWait || !attempt) return step;
  const Duration left = std::max(LeftOfAttempt(seen, timings), timings.keytab_recheck);
  if (step.again == Duration::zero() || step.again > left) step.again = left;
  return step;
}

}  // namespace

Step PlanIdentity(const Observed& seen, const Timings& timings) {
  if (seen.paused) return Quiet();
  if (const Duration left = UntilSure(seen, timings); left > Duration::zero()) return Quiet(left);
  if (std::optional<Step> step = AcknowledgeStray(seen)) return *step;
  const GuestStatus& status = seen.guest.status;
  if (status.disk_loaded && !(status.attempt && status.attempt->by_disk))
    return Do(ActionKind::kClearDisk);
  if (seen.guest.deleting) return PlanRemoval(seen, timings, Reason::kHostRemoved);
  if (status.leaving_since) return PlanRemoval(seen, timings, Reason::kLeaving);
  const Intent intent = IntentOf(seen.guest, seen.vm);
  if (intent == Intent::kDecline) return PlanRemoval(seen, timings, Reason::kOptedOut);
  const JobView* job = status.attempt ? FindJob(seen.vm, status.attempt->id) : nullptr;
  const bool answered = job != nullptr && job->result;
  if (IsAttemptExpired(seen, timings) && !answered) return PlanExpiredAttempt(seen, timings);
  if (std::optional<Step> step = JudgePresence(seen, timings))
    return WithDeadline(*step, seen, timings);
  return WithDeadline(PlanByIntent(seen, timings, intent), seen, timings);
}

}  // namespace innkeeper
