#include "coordinator/guests/names.h"

#include <cstddef>

namespace innkeeper {
namespace {

// Each table is in the order of its enum; static_asserts tie the last name to the last value.
constexpr const char* kWishes[] = {"", "yes", "no"};
constexpr const char* kDeliveryMethods[] = {"", "Auto", "CloudInit", "Agent"};
constexpr const char* kPhases[] = {"NotEnrolled", "Waiting",  "Registered", "Joining", "Enrolled",
                                   "Failed",      "Conflict", "Leaving",    "Missing"};
constexpr const char* kConditionTypes[] = {"HostRegistered", "Enrolled", "AgentConnected"};
constexpr const char* kTruths[] = {"Unknown", "True", "False"};
constexpr const char* kSeverities[] = {"Normal", "Warning"};
constexpr const char* kPresences[] = {"present", "missing", "removed"};
constexpr const char* kRuns[] = {"unknown", "running", "paused", "off", "crashed", "starting"};
constexpr const char* kAgents[] = {"unknown", "none", "disconnected", "connected", "unresponsive"};
constexpr const char* kJobKinds[] = {"join", "verify", "leave", "inspect"};
constexpr const char* kJobResults[] = {"ok",
                                       "already",
                                       "busy",
                                       "unsupported-os",
                                       "package-missing",
                                       "package-install-failed",
                                       "network",
                                       "dns",
                                       "config",
                                       "ca",
                                       "otp-rejected",
                                       "already-enrolled",
                                       "host-missing",
                                       "clock-skew",
                                       "kdc",
                                       "replica-lag",
                                       "foreign-principal",
                                       "stale-key",
                                       "not-joined",
                                       "sssd",
                                       "rolled-back",
                                       "interrupted",
                                       "attempt-unknown",
                                       "exec-blocked",
                                       "agent-unresponsive",
                                       "agent-not-connected",
                                       "not-running",
                                       "domain-gone",
                                       "frozen",
                                       "bad-answer",
                                       "deadline",
                                       "cancelled",
                                       "internal"};

template <size_t kCount, class Enum>
const char* At(const char* const (&names)[kCount], Enum value) {
  return names[static_cast<size_t>(value)];
}

template <class Enum, size_t kCount>
std::optional<Enum> Find(const char* const (&names)[kCount], const std::string& text) {
  for (size_t i = 0; i < kCount; ++i) {
    if (text == names[i]) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

template <class Enum, size_t kCount>
constexpr bool EndsAt(const char* const (&)[kCount], Enum last) {
  return kCount == static_cast<size_t>(last) + 1;
}
static_assert(EndsAt(kWishes, Wish::kNo));
static_assert(EndsAt(kDeliveryMethods, DeliveryMethod::kAgent));
static_assert(EndsAt(kPhases, Phase::kMissing));
static_assert(EndsAt(kConditionTypes, ConditionType::kAgentConnected));
static_assert(EndsAt(kTruths, Truth::kFalse));
static_assert(EndsAt(kSeverities, Severity::kWarning));
static_assert(EndsAt(kPresences, VmPresence::kRemoved));
static_assert(EndsAt(kRuns, VmRun::kStarting));
static_assert(EndsAt(kAgents, VmAgent::kUnresponsive));
static_assert(EndsAt(kJobKinds, JobKind::kInspect));
static_assert(EndsAt(kJobResults, JobResult::kInternal));

}  // namespace

const char* NameOf(Wish wish) { return At(kWishes, wish); }
const char* NameOf(DeliveryMethod method) { return At(kDeliveryMethods, method); }
const char* NameOf(Phase phase) { return At(kPhases, phase); }
const char* NameOf(ConditionType type) { return At(kConditionTypes, type); }
const char* NameOf(Truth truth) { return At(kTruths, truth); }
const char* NameOf(Severity severity) { return At(kSeverities, severity); }
const char* NameOf(VmPresence presence) { return At(kPresences, presence); }
const char* NameOf(VmRun run) { return At(kRuns, run); }
const char* NameOf(VmAgent agent) { return At(kAgents, agent); }
const char* NameOf(JobKind kind) { return At(kJobKinds, kind); }
const char* NameOf(JobResult result) { return At(kJobResults, result); }

std::optional<Wish> ParseWish(const std::string& text) { return Find<Wish>(kWishes, text); }
std::optional<DeliveryMethod> ParseDeliveryMethod(const std::string& text) {
  return Find<DeliveryMethod>(kDeliveryMethods, text);
}
std::optional<Phase> ParsePhase(const std::string& text) { return Find<Phase>(kPhases, text); }
std::optional<ConditionType> ParseConditionType(const std::string& text) {
  return Find<ConditionType>(kConditionTypes, text);
}
std::optional<Truth> ParseTruth(const std::string& text) { return Find<Truth>(kTruths, text); }
std::optional<Severity> ParseSeverity(const std::string& text) {
  return Find<Severity>(kSeverities, text);
}
std::optional<VmPresence> ParseVmPresence(const std::string& text) {
  return Find<VmPresence>(kPresences, text);
}
std::optional<JobResult> ParseJobResult(const std::string& text) {
  return Find<JobResult>(kJobResults, text);
}

const std::vector<Phase>& AllPhases() {
  static const std::vector<Phase> all = [] {
    std::vector<Phase> phases;
    for (size_t i = 0; i <= static_cast<size_t>(Phase::kMissing); ++i)
      phases.push_back(static_cast<Phase>(i));
    return phases;
  }();
  return all;
}

}  // namespace innkeeper
