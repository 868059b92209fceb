#include "coordinator/guests/plan_parts.h"

#include <algorithm>

#include "coordinator/guests/job_id.h"
#include "coordinator/guests/ownership.h"

namespace innkeeper::plan {
namespace {

// Wall clocks of one machine differ from themselves by less, unless somebody set them.
constexpr Duration kClockTolerance = std::chrono::minutes(1);

Duration ToDuration(absl::Duration d) { return absl::ToChronoNanoseconds(d); }

}  // namespace

Step Do(ActionKind kind, Reason reason, std::string message) {
  Step step;
  step.kind = kind;
  step.reason = reason;
  step.message = std::move(message);
  return step;
}

Step Quiet(Duration again) {
  Step step;
  step.quiet = true;
  step.again = again;
  return step;
}

Step Keep(Reason reason, std::string message, Duration again) {
  Step step = Do(ActionKind::kWait, reason, std::move(message));
  step.again = again;
  return step;
}

Step In(Phase phase, Reason reason, std::string message, Duration again) {
  Step step = Keep(reason, std::move(message), again);
  step.phase = phase;
  return step;
}

bool IsRegistered(const Guest& guest) {
  const auto it = guest.status.conditions.find(ConditionType::kHostRegistered);
  return it != guest.status.conditions.end() && it->second.truth == Truth::kTrue;
}

std::optional<Obstacle> ObstacleTo(const std::optional<VmRecord>& vm) {
  if (!vm || vm->presence != VmPresence::kPresent)
    return Obstacle{Reason::kWaitingForGuest, "the domain is not there"};
  if (!vm->disputed_by.empty())
    return Obstacle{Reason::kPlacementDisputed, "two nodes report the domain"};
  if (!vm->node_connected)
    return Obstacle{Reason::kWaitingForNode, "node " + vm->node.text + " is not connected"};
  if (vm->run != VmRun::kRunning)
    return Obstacle{Reason::kWaitingForGuest, "the guest is not running"};
  switch (vm->agent) {
    case VmAgent::kConnected:
      break;
    case VmAgent::kUnresponsive:
      return Obstacle{Reason::kAgentUnresponsive, "the guest's agent does not answer"};
    case VmAgent::kNone:
      return Obstacle{Reason::kWaitingForGuest, "the domain has no guest-agent channel"};
    default:
      return Obstacle{Reason::kWaitingForGuest, "the guest's agent is not connected yet"};
  }
  if (vm->claims && !vm->claims->exec_allowed)
    return Obstacle{Reason::kExecBlocked, "the guest's agent forbids guest-exec"};
  return std::nullopt;
}

bool JoinsAtNextBoot(const std::optional<VmRecord>& vm) {
  if (!vm || !vm->joins_at_boot || vm->presence != VmPresence::kPresent) return false;
  return vm->run == VmRun::kOff || vm->run == VmRun::kCrashed || vm->run == VmRun::kStarting;
}

std::optional<Obstacle> ObstacleToJoin(const std::optional<VmRecord>& vm) {
  return JoinsAtNextBoot(vm) ? std::nullopt : ObstacleTo(vm);
}

bool IsDue(const Observed& seen, const Timings& timings) {
  const GuestStatus& status = seen.guest.status;
  if (!status.next_try || seen.now >= *status.next_try) return true;
  const Duration left = UntilDue(seen);
  if (left > std::max(timings.held_recheck, timings.retry_most) * 2) return true;  // clock set back
  if (!status.setback) return false;
  const Setback& setback = *status.setback;
  if (setback.generation != seen.guest.spec.generation) return true;
  if (!seen.vm) return false;
  if (!seen.vm->run_id.empty() && seen.vm->run_id != setback.run) return true;
  return setback.final && seen.vm->agent == VmAgent::kConnected &&
         seen.vm->agent_since > setback.at;
}

Duration UntilDue(const Observed& seen) {
  const std::optional<absl::Time>& next = seen.guest.status.next_try;
  return next && *next > seen.now ? ToDuration(*next - seen.now) : Duration::zero();
}

Duration BackoffAfter(int failures, const Timings& timings) {
  Duration wait = timings.retry_first;
  for (int i = 0; i < failures && wait < timings.retry_most; ++i) wait *= 2;
  return std::min(wait, timings.retry_most);
}

Duration Elapsed(absl::Time since, absl::Time now) {
  const Duration elapsed = ToDuration(now - since);
  if (elapsed < -kClockTolerance) return Duration::max();
  return std::max(elapsed, Duration::zero());
}

const JobView* FindJob(const std::optional<VmRecord>& vm, const std::string& id) {
  if (!vm) return nullptr;
  const auto it = vm->jobs.find(id);
  return it == vm->jobs.end() ? nullptr : &it->second;
}

const JobView* FindJobOf(const std::optional<VmRecord>& vm, JobKind kind) {
  if (!vm) return nullptr;
  for (const auto& [id, job] : vm->jobs) {
    if (IsJobOf(kind, id)) return &job;
  }
  return nullptr;
}

Step JudgePresentHost(const Observed& seen, const Timings& timings) {
  const std::string& name = seen.guest.status.fqdn.text;
  switch (OwnershipOf(seen.host.record, seen)) {
    case Ownership::kOurs:
      return Do(ActionKind::kNoteRegistered, Reason::kHostRegistered, "host " + name);
    case Ownership::kOursElsewise:
      return Do(ActionKind::kTakeHost, Reason::kHostRegistered, "host " + name);
    case Ownership::kAdoptable:
      return Do(ActionKind::kTakeHost, Reason::kAdopted,
                "host " + name + " was made for a VM of this name that is gone");
    case Ownership::kAdoptableLater:
      return Quiet(timings.recheck);
    case Ownership::kOtherGuests:
      return In(Phase::kConflict, Reason::kNameTaken,
                "host " + name + " belongs to " + seen.host.record.Owner()->guest.Text() +
                    ", uid " + seen.host.record.Owner()->uid.text,
                timings.conflict_recheck);
    case Ownership::kForeign:
      break;
  }
  return In(Phase::kConflict, Reason::kConflict, "host " + name + " exists and is not ours",
            timings.conflict_recheck);
}

std::optional<Step> SecureOwnHost(const Observed& seen, const Timings& timings) {
  const std::string& name = seen.guest.status.fqdn.text;
  switch (seen.host.seen) {
    case HostView::Seen::kNot:
      return Do(ActionKind::kLookAtHost);
    case HostView::Seen::kAbsent:
      return Do(ActionKind::kAcceptLoss, Reason::kHostVanished, "host " + name + " is gone");
    case HostView::Seen::kPresent:
      break;
  }
  switch (OwnershipOf(seen.host.record, seen)) {
    case Ownership::kOurs:
      return std::nullopt;
    case Ownership::kForeign:
    case Ownership::kOtherGuests:
      return Do(ActionKind::kAcceptLoss, Reason::kConflict,
                "host " + name + " is not ours any more");
    default:
      return JudgePresentHost(seen, timings);
  }
}

}  // namespace innkeeper::plan
