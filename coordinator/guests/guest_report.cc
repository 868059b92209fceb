#include "coordinator/guests/guest_report.h"

#include <algorithm>

#include "coordinator/guests/plan_parts.h"

namespace innkeeper {
namespace {

Truth TruthOf(const GuestStatus& status, ConditionType type) {
  const auto it = status.conditions.find(type);
  return it == status.conditions.end() ? Truth::kUnknown : it->second.truth;
}

Truth EnrolledAfter(const GuestStatus& status, const Step& step) {
  if (!step.phase || *step.phase == Phase::kMissing)
    return TruthOf(status, ConditionType::kEnrolled);
  return *step.phase == Phase::kEnrolled ? Truth::kTrue : Truth::kFalse;
}

}  // namespace

void SetPhase(GuestStatus& status, Phase phase, absl::Time now) {
  const bool known = status.phase_times.contains(phase);
  if (status.phase == phase && known) return;
  status.phase = phase;
  status.phase_times[phase] = now;
}

void SetCondition(GuestStatus& status, ConditionType type, Truth truth, Reason reason,
                  const std::string& message, absl::Time now) {
  const auto [it, fresh] = status.conditions.try_emplace(type);
  Condition& condition = it->second;
  const bool changed = fresh || condition.truth != truth || condition.reason != reason;
  if (changed) condition.since = now;
  condition.truth = truth;
  condition.reason = reason;
  condition.message = message;
}

void ShowStep(GuestStatus& status, const Step& step, absl::Time now) {
  if (step.quiet) return;
  SetCondition(status, ConditionType::kEnrolled, EnrolledAfter(status, step), step.reason,
               step.message, now);
  if (step.phase) SetPhase(status, *step.phase, now);
  if (step.reason == Reason::kConflict || step.reason == Reason::kNameTaken)
    SetCondition(status, ConditionType::kHostRegistered, Truth::kFalse, step.reason, step.message,
                 now);
}

Duration ShowVm(GuestStatus& status, const std::optional<VmRecord>& vm, absl::Time now,
                Duration grace) {
  if (!vm) return Duration::zero();
  status.node = vm->node;
  if (vm->claims) {
    status.addresses = vm->claims->addresses;
    status.os = vm->claims->os_name;
  }
  const bool connected = vm->node_connected && vm->agent == VmAgent::kConnected;
  const Truth truth = connected ? Truth::kTrue : Truth::kFalse;
  if (TruthOf(status, ConditionType::kAgentConnected) == truth) return Duration::zero();
  const absl::Time since = std::max(vm->agent_since, vm->node_since);
  const Duration lasted = plan::Elapsed(since, now);
  if (lasted < grace) return grace - lasted;
  SetCondition(status, ConditionType::kAgentConnected, truth,
               connected ? Reason::kAgentConnected : Reason::kAgentDisconnected, "", now);
  return Duration::zero();
}

std::vector<Transition> TransitionsBetween(const GuestStatus& before, const GuestStatus& after) {
  std::vector<Transition> transitions;
  for (const auto& [type, condition] : after.conditions) {
    const auto it = before.conditions.find(type);
    const bool same = it != before.conditions.end() && it->second.truth == condition.truth &&
                      it->second.reason == condition.reason;
    // One cause may turn several conditions (a conflict is "not registered" and "not enrolled"): it
    // happened once.
    const Transition transition{condition.reason, condition.message};
    if (!same && std::find(transitions.begin(), transitions.end(), transition) == transitions.end())
      transitions.push_back(transition);
  }
  return transitions;
}

GuestStatus ForgottenStatus(const GuestStatus& before, Reason why, absl::Time now) {
  GuestStatus status;
  status.password_generation = before.password_generation;
  status.node = before.node;
  status.conditions = before.conditions;
  status.phase_times = before.phase_times;
  SetPhase(status, Phase::kNotEnrolled, now);
  SetCondition(status, ConditionType::kHostRegistered, Truth::kFalse, Reason::kHostRemoved, "",
               now);
  SetCondition(status, ConditionType::kEnrolled, Truth::kFalse, why, "the identity was removed",
               now);
  return status;
}

}  // namespace innkeeper
