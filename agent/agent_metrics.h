#pragma once

#include <map>
#include <string>

#include "agent/node.h"

namespace prometheus {
class Registry;
}

namespace innkeeper {

// Copies what the node counts into the registry's series, at each scrape:
//   innkeeper_domains{state}, innkeeper_guest_agents{state}, innkeeper_lanes{state},
//   innkeeper_lane_refused_total, innkeeper_lane_abandoned_total, innkeeper_event_drops_total,
//   innkeeper_agent_orders_total{result}, innkeeper_libvirt_connected
struct NodeFigures {
  std::map<RunState, size_t> states;
  std::map<AgentChannel, size_t> channels;
  uint64_t drops = 0;
  size_t daemons_connected = 0;
  Lanes::Counts lanes;
  std::map<agent::v1::ResultClass, uint64_t> results;
};
NodeFigures FiguresOf(const Node& node, size_t daemons_connected);
void UpdateAgentMetrics(const NodeFigures& figures, prometheus::Registry& registry);

// All metrics of the agent, as docs/reference/metrics.md shows them.
std::string AgentMetricsReference();

}  // namespace innkeeper
