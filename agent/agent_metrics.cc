#include "agent/agent_metrics.h"

#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <string>

#include "absl/strings/ascii.h"

namespace innkeeper {
namespace {

// Values are sums kept elsewhere, so a gauge object carries them; names ending in _total say that
// they only rise.
void Set(prometheus::Registry& registry, const char* name, const char* help,
         const prometheus::Labels& labels, double value) {
  prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add(labels).Set(value);
}

const char* NameOf(RunState state) {
  switch (state) {
    case RunState::kRunning:
      return "running";
    case RunState::kPaused:
      return "paused";
    case RunState::kOff:
      return "off";
    case RunState::kCrashed:
      return "crashed";
    case RunState::kUnknown:
      break;
  }
  return "unknown";
}

const char* NameOf(AgentChannel channel) {
  switch (channel) {
    case AgentChannel::kConnected:
      return "connected";
    case AgentChannel::kDisconnected:
      return "disconnected";
    case AgentChannel::kAbsent:
      return "absent";
    case AgentChannel::kUnknown:
      break;
  }
  return "unknown";
}

// RESULT_CLASS_OTP_REJECTED -> "otp-rejected"
std::string LabelOf(agent::v1::ResultClass result) {
  constexpr size_t kPrefix = sizeof "RESULT_CLASS_" - 1;
  std::string text = absl::AsciiStrToLower(agent::v1::ResultClass_Name(result).substr(kPrefix));
  for (char& c : text) c = c == '_' ? '-' : c;
  return text;
}

void SetDomains(const Node& node, prometheus::Registry& registry) {
  std::map<RunState, size_t> states;
  std::map<AgentChannel, size_t> channels;
  uint64_t drops = 0;
  for (const auto& watch : node.watches()) {
    for (const auto& [state, count] : watch->CountByRunState()) states[state] += count;
    for (const auto& [channel, count] : watch->CountByChannel()) channels[channel] += count;
    drops += watch->drops();
  }
  for (const RunState state : {RunState::kUnknown, RunState::kRunning, RunState::kPaused,
                               RunState::kOff, RunState::kCrashed}) {
    Set(registry, "innkeeper_domains", "Domains by run state.", {{"state", NameOf(state)}},
        static_cast<double>(states[state]));
  }
  for (const AgentChannel channel : {AgentChannel::kUnknown, AgentChannel::kAbsent,
                                     AgentChannel::kDisconnected, AgentChannel::kConnected}) {
    Set(registry, "innkeeper_guest_agents", "Domains by the state of their guest-agent channel.",
        {{"state", NameOf(channel)}}, static_cast<double>(channels[channel]));
  }
  Set(registry, "innkeeper_event_drops_total",
      "libvirt events that did not fit the queue; each loss was repaired by a full list.", {},
      static_cast<double>(drops));
}

}  // namespace

void UpdateAgentMetrics(const Node& node, size_t daemons_connected,
                        prometheus::Registry& registry) {
  SetDomains(node, registry);
  const Lanes::Counts lanes = node.lanes().counts();
  const char* help = "Guest lanes: open, with a step running, with a stuck step.";
  Set(registry, "innkeeper_lanes", help, {{"state", "open"}}, static_cast<double>(lanes.lanes));
  Set(registry, "innkeeper_lanes", help, {{"state", "running"}},
      static_cast<double>(lanes.running));
  Set(registry, "innkeeper_lanes", help, {{"state", "stuck"}}, static_cast<double>(lanes.stuck));
  Set(registry, "innkeeper_lane_refused_total", "Jobs refused because a lane was full.", {},
      static_cast<double>(lanes.refused));
  Set(registry, "innkeeper_lane_abandoned_total", "Steps that never came back in time.", {},
      static_cast<double>(lanes.abandoned));
  Set(registry, "innkeeper_libvirt_connected", "libvirt daemons with an open connection.", {},
      static_cast<double>(daemons_connected));
  const auto counts = node.orders().ResultCounts();
  for (int number = 1; number < agent::v1::ResultClass_ARRAYSIZE; ++number) {
    const auto result = static_cast<agent::v1::ResultClass>(number);
    const auto place = counts.find(result);
    Set(registry, "innkeeper_agent_orders_total", "Finished orders by result class.",
        {{"result", LabelOf(result)}},
        place == counts.end() ? 0 : static_cast<double>(place->second));
  }
}

}  // namespace innkeeper
