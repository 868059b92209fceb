#pragma once
// The text of each enum of the domain: in rows of the home, in the API, in metrics. Stable.
// Parse functions know exactly what NameOf returns, and nothing else.

#include <optional>
#include <string>

#include "coordinator/guests/guest.h"
#include "coordinator/guests/home.h"
#include "coordinator/guests/node_reports.h"
#include "coordinator/guests/vm.h"

namespace innkeeper {

const char* NameOf(Wish wish);              // "", "yes", "no"
const char* NameOf(DeliveryMethod method);  // "", "Auto", "CloudInit", "Agent"
const char* NameOf(Phase phase);            // "Enrolled"
const char* NameOf(ConditionType type);     // "HostRegistered"
const char* NameOf(Truth truth);            // "True", "False", "Unknown"
const char* NameOf(Severity severity);      // "Normal", "Warning"
const char* NameOf(VmPresence presence);    // "present", "missing", "removed"
const char* NameOf(VmRun run);              // "running", ...
const char* NameOf(VmAgent agent);          // "connected", ...
const char* NameOf(JobKind kind);           // "join", ...
const char* NameOf(JobResult result);       // "otp-rejected", ...

std::optional<Wish> ParseWish(const std::string& text);
std::optional<DeliveryMethod> ParseDeliveryMethod(const std::string& text);
std::optional<Phase> ParsePhase(const std::string& text);
std::optional<ConditionType> ParseConditionType(const std::string& text);
std::optional<Truth> ParseTruth(const std::string& text);
std::optional<Severity> ParseSeverity(const std::string& text);
std::optional<VmPresence> ParseVmPresence(const std::string& text);
std::optional<JobResult> ParseJobResult(const std::string& text);

// Every phase, in the order of the enum: for metrics born at zero.
const std::vector<Phase>& AllPhases();

}  // namespace innkeeper
