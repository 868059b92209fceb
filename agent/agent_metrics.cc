#include "agent/agent_metrics.h"

#include <prometheus/registry.h>

#include <string>

#include "absl/strings/ascii.h"
#include "agent/link/link_metrics.h"
#include "base/metrics.h"

namespace innkeeper {
namespace {

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

void SetDomains(const NodeFigures& figures, prometheus::Registry& registry) {
  for (const RunState state : {RunState::kUnknown, RunState::kRunning, RunState::kPaused,
                               RunState::kOff, RunState::kCrashed}) {
    const auto place = figures.states.find(state);
    SetGauge(registry, "innkeeper_domains", "Domains by run state.", {{"state", NameOf(state)}},
             place == figures.states.end() ? 0 : static_cast<double>(place->second));
  }
  for (const AgentChannel channel : {AgentChannel::kUnknown, AgentChannel::kAbsent,
                                     AgentChannel::kDisconnected, AgentChannel::kConnected}) {
    const auto place = figures.channels.find(channel);
    SetGauge(registry, "innkeeper_guest_agents",
             "Domains by the state of their guest-agent channel.", {{"state", NameOf(channel)}},
             place == figures.channels.end() ? 0 : static_cast<double>(place->second));
  }
  RaiseCounter(registry, "innkeeper_event_drops_total",
               "libvirt events that did not fit the queue; each loss was repaired by a full list.",
               {}, static_cast<double>(figures.drops));
}

void SetLanes(const Lanes::Counts& lanes, prometheus::Registry& registry) {
  const auto gauge = [&](const char* state, size_t value) {
    SetGauge(registry, "innkeeper_lanes",
             "Guest lanes: open, with a step running, with a stuck step.", {{"state", state}},
             static_cast<double>(value));
  };
  gauge("open", lanes.lanes);
  gauge("running", lanes.running);
  gauge("stuck", lanes.stuck);
  RaiseCounter(registry, "innkeeper_lane_refused_total", "Jobs refused because a lane was full.",
               {}, static_cast<double>(lanes.refused));
  RaiseCounter(registry, "innkeeper_lane_abandoned_total", "Steps that never came back in time.",
               {}, static_cast<double>(lanes.abandoned));
}

}  // namespace

NodeFigures FiguresOf(const Node& node, size_t daemons_connected) {
  NodeFigures figures;
  for (const auto& watch : node.watches()) {
    for (const auto& [state, count] : watch->CountByRunState()) figures.states[state] += count;
    for (const auto& [channel, count] : watch->CountByChannel()) figures.channels[channel] += count;
    figures.drops += watch->drops();
  }
  figures.daemons_connected = daemons_connected;
  figures.lanes = node.lanes().counts();
  for (const auto& [result, count] : node.orders().ResultCounts()) figures.results[result] = count;
  return figures;
}

void UpdateAgentMetrics(const NodeFigures& figures, prometheus::Registry& registry) {
  SetDomains(figures, registry);
  SetLanes(figures.lanes, registry);
  SetGauge(registry, "innkeeper_libvirt_connected", "libvirt daemons with an open connection.", {},
           static_cast<double>(figures.daemons_connected));
  for (int number = 1; number < agent::v1::ResultClass_ARRAYSIZE; ++number) {
    const auto result = static_cast<agent::v1::ResultClass>(number);
    const auto place = figures.results.find(result);
    RaiseCounter(registry, "innkeeper_agent_orders_total", "Finished orders by result class.",
                 {{"result", LabelOf(result)}},
                 place == figures.results.end() ? 0 : static_cast<double>(place->second));
  }
}

std::string AgentMetricsReference() {
  prometheus::Registry registry;
  RegisterProcessMetrics(registry, "agent");
  const LinkMetrics link(registry);
  UpdateAgentMetrics(NodeFigures{}, registry);
  return MetricsReference(registry);
}

}  // namespace innkeeper
