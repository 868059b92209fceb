#include "coordinator/home/kube/joiner_plan.h"

#include <algorithm>

#include "base/text.h"
#include "coordinator/guests/plan_parts.h"
#include "coordinator/guests/wish.h"

namespace innkeeper {
namespace {

constexpr Duration kRecheck = std::chrono::seconds(5);
constexpr size_t kLongestError = 512;  // bytes; a line for people

const Condition* Find(const Guest& guest, ConditionType type) {
  const auto at = guest.status.conditions.find(type);
  return at == guest.status.conditions.end() ? nullptr : &at->second;
}

// Only where it differs from what is there: nothing is written for nothing.
void Set(std::optional<std::string>& field, const std::string& now, std::string wanted) {
  if (now != wanted) field = std::move(wanted);
}

JoinerStep PlanAnnotations(const JoinerVm& vm, const Guest& guest) {
  JoinerStep step;
  const Condition* enrolled = Find(guest, ConditionType::kEnrolled);
  if (enrolled == nullptr) return step;
  const JoinerMarks& marks = vm.marks;
  JoinerChange& change = step.change;
  if (enrolled->truth == Truth::kTrue) {
    Set(change.status, marks.status, "Enrolled as " + guest.status.fqdn.text);
    Set(change.error, marks.error, "");
    return step;
  }
  if (enrolled->truth != Truth::kFalse) return step;
  const bool conflict = guest.status.phase == Phase::kConflict;
  if (conflict && !marks.status.empty()) return step;
  if (conflict || guest.status.phase == Phase::kFailed) {
    Set(change.status, marks.status, "");
    Set(change.error, marks.error,
        "Failed: " + Printable(enrolled->message.substr(0, kLongestError)));
  } else if (guest.status.phase == Phase::kNotEnrolled && enrolled->reason == Reason::kOptedOut) {
    Set(change.status, marks.status, "");
    Set(change.error, marks.error, "");
  }
  return step;
}

JoinerStep TakeOff(Reason reason, std::string message) {
  JoinerStep step;
  step.change.drop_finalizer = true;
  step.told = {reason, std::move(message)};
  return step;
}

JoinerStep Wait(Duration again) {
  JoinerStep step;
  step.again = again;
  return step;
}

// What the Guest knows of a host of its name that is not its own.
JoinerStep TakeOffWithoutHost(const Guest& guest) {
  const Condition* host = Find(guest, ConditionType::kHostRegistered);
  const bool foreign = host != nullptr && host->truth == Truth::kFalse &&
                       (host->reason == Reason::kConflict || host->reason == Reason::kNameTaken);
  if (foreign) return TakeOff(Reason::kHostLeft, "left alone: " + host->message);
  return TakeOff(Reason::kFinalizerTakenOff, "no host of this VM is ours any more");
}

JoinerStep PlanFinalizer(const JoinerSeen& seen) {
  const JoinerVm& vm = seen.vm;
  if (!seen.settled) return Wait(kRecheck);
  const Duration held = absl::ToChronoNanoseconds(seen.now - *vm.deleting_since);
  const Duration left = std::max<Duration>(kHostPatience - held, kRecheck);
  const bool held_long = held >= kHostPatience;
  if (seen.guest_unreadable) {
    if (!held_long) return Wait(left);
    return TakeOff(Reason::kFinalizerTakenOff, "its Guest makes no sense, and stays until it does");
  }
  if (!seen.guest) {
    if (vm.wish != Wish::kYes) return {};
    return TakeOff(Reason::kFinalizerTakenOff, "no host of this VM is ours");
  }
  const Guest& guest = *seen.guest;
  const bool ours = HasIdentity(guest) && (plan::IsRegistered(guest) || guest.status.leaving_since);
  if (!ours) return TakeOffWithoutHost(guest);
  if (held_long)
    return TakeOff(
        Reason::kFinalizerTakenOff,
        "host " + guest.status.fqdn.text + " is not removed yet; its Guest stays until it is");
  JoinerStep step = Wait(left);
  step.give_up_host = guest.spec.enroll != Wish::kNo && !guest.deleting;
  return step;
}

}  // namespace

JoinerStep PlanJoiner(const JoinerSeen& seen) {
  if (seen.vm.deleting_since) return seen.vm.marks.finalizer ? PlanFinalizer(seen) : JoinerStep{};
  if (!seen.guest) return {};
  return PlanAnnotations(seen.vm, *seen.guest);
}

}  // namespace innkeeper
