#pragma once

#include "agent/node.h"

namespace prometheus {
class Registry;
}

namespace innkeeper {

// Copies what the node counts into the registry's series, at each scrape:
//   innkeeper_domains{state}, innkeeper_guest_agents{state}, innkeeper_lanes{state},
//   innkeeper_lane_refused_total, innkeeper_lane_abandoned_total, innkeeper_event_drops_total,
//   innkeeper_agent_orders_total{result}, innkeeper_libvirt_connected
void UpdateAgentMetrics(const Node& node, size_t daemons_connected, prometheus::Registry& registry);

}  // namespace innkeeper
