#pragma once
// What the plans of an identity share: predicates on what was seen, and makers of steps. Pure.

#include "coordinator/guests/observed.h"

namespace innkeeper::plan {

// ---- steps
Step Do(ActionKind kind, Reason reason = Reason::kInternal, std::string message = "");
// Nothing to do, and nothing new to show.
Step Quiet(Duration again = Duration::zero());
// The phase stays, the reason shows.
Step Keep(Reason reason, std::string message, Duration again = Duration::zero());
Step In(Phase phase, Reason reason, std::string message, Duration again = Duration::zero());

// ---- facts
bool IsRegistered(const Guest& guest);
inline bool IsEnrolled(const Guest& guest) { return guest.status.enrolled_generation >= 0; }
// The password of the attempt may have left us.
inline bool IsIssued(const Guest& guest) {
  return guest.status.attempt && !guest.status.attempt->server.empty();
}

// Nothing: the guest can be given orders now. Else why not.
struct Obstacle {
  Reason reason;
  std::string message;
};
std::optional<Obstacle> ObstacleTo(const std::optional<VmRecord>& vm);
// The VM is not running, and its next boot joins it.
bool JoinsAtNextBoot(const std::optional<VmRecord>& vm);
// Nothing: the guest can be given a password now, by order or by disk.
std::optional<Obstacle> ObstacleToJoin(const std::optional<VmRecord>& vm);

// True unless a setback asks for patience and nothing has changed since.
bool IsDue(const Observed& seen, const Timings& timings);
Duration UntilDue(const Observed& seen);
// The wait after the failure that follows `failures` earlier ones.
Duration BackoffAfter(int failures, const Timings& timings);

// Wall time since `since`; the longest possible when it lies in the future by more than a minute
// (the clock was set back), so that no deadline hangs on a clock.
Duration Elapsed(absl::Time since, absl::Time now);

const JobView* FindJob(const std::optional<VmRecord>& vm, const std::string& id);
// The first job of the kind, by its id.
const JobView* FindJobOf(const std::optional<VmRecord>& vm, JobKind kind);

// Nothing: the host was seen and is this guest's own, with its right tag. Else the step that leads
// there, or shows why not. The host must have been registered.
std::optional<Step> SecureOwnHost(const Observed& seen, const Timings& timings);
// What a host that is there, and for us, means for a guest that has none registered.
Step JudgePresentHost(const Observed& seen, const Timings& timings);

}  // namespace innkeeper::plan
