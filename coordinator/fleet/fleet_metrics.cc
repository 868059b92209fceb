#include "coordinator/fleet/fleet_metrics.h"

#include "coordinator/guests/names.h"
#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/registry.h"

namespace innkeeper {
namespace {

const char* Text(FleetMetrics::StreamRefusal why) {
  switch (why) {
    case FleetMetrics::StreamRefusal::kCertificate:
      return "certificate";
    case FleetMetrics::StreamRefusal::kNotAdmitted:
      return "not-admitted";
    case FleetMetrics::StreamRefusal::kTooMany:
      return "too-many";
    case FleetMetrics::StreamRefusal::kSlow:
      return "slow";
    case FleetMetrics::StreamRefusal::kSilent:
      return "silent";
    case FleetMetrics::StreamRefusal::kProtocol:
      return "protocol";
  }
  return "protocol";
}

}  // namespace

struct FleetMetrics::Families {
  explicit Families(prometheus::Registry& registry)
      : agents(prometheus::BuildGauge()
                   .Name("innkeeper_agents")
                   .Help("Nodes seen since start, by the state of their stream.")
                   .Register(registry)),
        orders(prometheus::BuildCounter()
                   .Name("innkeeper_orders_total")
                   .Help("Orders that ended, by kind and result.")
                   .Register(registry)),
        refused(prometheus::BuildCounter()
                    .Name("innkeeper_fleet_refused_total")
                    .Help("Agents' reports that were refused, by reason.")
                    .Register(registry)),
        streams_refused(prometheus::BuildCounter()
                            .Name("innkeeper_streams_refused_total")
                            .Help("Agents' streams that were refused or ended by us, by reason.")
                            .Register(registry)),
        resyncs(prometheus::BuildCounter()
                    .Name("innkeeper_stream_resyncs_total")
                    .Help("New snapshots that agents were asked for.")
                    .Register(registry)
                    .Add({})),
        drops(prometheus::BuildCounter()
                  .Name("innkeeper_agent_drops_total")
                  .Help("Changes that did not fit an agent's queue, as told by agents.")
                  .Register(registry)
                  .Add({})),
        connected(agents.Add({{"state", "connected"}})),
        disconnected(agents.Add({{"state", "disconnected"}})) {}

  prometheus::Family<prometheus::Gauge>& agents;
  prometheus::Family<prometheus::Counter>& orders;
  prometheus::Family<prometheus::Counter>& refused;
  prometheus::Family<prometheus::Counter>& streams_refused;
  prometheus::Counter& resyncs;
  prometheus::Counter& drops;
  prometheus::Gauge& connected;
  prometheus::Gauge& disconnected;
};

FleetMetrics::FleetMetrics(prometheus::Registry& registry)
    : families_(std::make_unique<Families>(registry)) {
  for (const Refusal refusal : kRefusals)
    families_->refused.Add({{"reason", RefusalText(refusal)}});
  for (const auto why :
       {StreamRefusal::kCertificate, StreamRefusal::kNotAdmitted, StreamRefusal::kTooMany,
        StreamRefusal::kSlow, StreamRefusal::kSilent, StreamRefusal::kProtocol})
    families_->streams_refused.Add({{"reason", Text(why)}});
  for (const JobKind kind : {JobKind::kJoin, JobKind::kVerify, JobKind::kLeave, JobKind::kInspect})
    for (int i = 0; i <= static_cast<int>(JobResult::kInternal); ++i)
      families_->orders.Add(
          {{"kind", NameOf(kind)}, {"result", NameOf(static_cast<JobResult>(i))}});
}

FleetMetrics::~FleetMetrics() = default;

void FleetMetrics::Agents(size_t connected, size_t disconnected) {
  families_->connected.Set(static_cast<double>(connected));
  families_->disconnected.Set(static_cast<double>(disconnected));
}

void FleetMetrics::OrderEnded(JobKind kind, JobResult result) {
  families_->orders.Add({{"kind", NameOf(kind)}, {"result", NameOf(result)}}).Increment();
}

void FleetMetrics::Resync() { families_->resyncs.Increment(); }

void FleetMetrics::AgentDrops(uint64_t more) {
  families_->drops.Increment(static_cast<double>(more));
}

void FleetMetrics::Refused(Refusal refusal) {
  families_->refused.Add({{"reason", RefusalText(refusal)}}).Increment();
}

void FleetMetrics::StreamRefused(StreamRefusal why) {
  families_->streams_refused.Add({{"reason", Text(why)}}).Increment();
}

}  // namespace innkeeper
