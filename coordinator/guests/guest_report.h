#pragma once
// How what happened shows in a guest's status: phases, conditions and the events of their
// transitions. Pure.

#include <string>
#include <vector>

#include "coordinator/guests/observed.h"

namespace innkeeper {

void SetPhase(GuestStatus& status, Phase phase, absl::Time now);
// `since` changes with truth or reason only.
void SetCondition(GuestStatus& status, ConditionType type, Truth truth, Reason reason,
                  const std::string& message, absl::Time now);

// The Enrolled condition and the phase that a step says, unless it is quiet. Enrolled is true in
// the phase of that name; with Missing, and when a step names no phase, it stays what it was.
void ShowStep(GuestStatus& status, const Step& step, absl::Time now);

// Node and AgentConnected, the latter once the agent's state has lasted `grace`. How long until
// then, zero when nothing is pending.
Duration ShowVm(GuestStatus& status, const std::optional<VmRecord>& vm, absl::Time now,
                Duration grace);

// What of the change is worth an event: conditions whose truth or reason differ, each cause once.
struct Transition {
  Reason reason;
  std::string message;
  bool operator==(const Transition&) const = default;
};
std::vector<Transition> TransitionsBetween(const GuestStatus& before, const GuestStatus& after);

// The status of a guest whose identity is gone. The password generation only ever rises.
GuestStatus ForgottenStatus(const GuestStatus& before, Reason why, absl::Time now);

}  // namespace innkeeper
