#pragma once
// The fleet's counters. Closed label sets, all series of the small ones born at zero.

#include <map>
#include <memory>
#include <string>

#include "coordinator/fleet/agent_messages.h"
#include "coordinator/guests/vm.h"

namespace prometheus {
class Registry;
}

namespace innkeeper {

// Thread-safe, never blocks for long.
//   innkeeper_agents{state="connected"|"disconnected"}   nodes seen since start
//   innkeeper_orders_total{kind,result}                  results taken, each order once
//   innkeeper_stream_resyncs_total                       snapshots asked for
//   innkeeper_agent_drops_total                          changes that did not fit the agents'
//   queues innkeeper_fleet_refused_total{reason}                reports that were not believed
//   innkeeper_streams_refused_total{reason}              streams not let in or thrown out
class FleetMetrics {
 public:
  enum class StreamRefusal { kCertificate, kNotAdmitted, kTooMany, kSlow, kSilent, kProtocol };

  explicit FleetMetrics(prometheus::Registry& registry);
  ~FleetMetrics();

  void Agents(size_t connected, size_t disconnected);
  void OrderEnded(JobKind kind, JobResult result);
  void Resync();
  void AgentDrops(uint64_t more);
  void Refused(Refusal refusal);
  void StreamRefused(StreamRefusal why);

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace innkeeper
