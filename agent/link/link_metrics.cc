#include "agent/link/link_metrics.h"

#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/registry.h"

namespace innkeeper {
namespace {

prometheus::Counter& Counter(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

void RaiseTo(prometheus::Counter& counter, uint64_t total) {
  const double more = static_cast<double>(total) - counter.Value();
  if (more > 0) counter.Increment(more);
}

}  // namespace

struct LinkMetrics::Series {
  explicit Series(prometheus::Registry& r)
      : connected(prometheus::BuildGauge()
                      .Name("innkeeper_link_connected")
                      .Help("1 while the coordinator answers on a stream.")
                      .Register(r)
                      .Add({})),
        streams(Counter(r, "innkeeper_link_streams_total", "Streams opened.")),
        failures(Counter(r, "innkeeper_link_failures_total",
                         "Streams that broke or could not be opened.")),
        dropped(Counter(r, "innkeeper_link_dropped_changes_total",
                        "Changes that did not fit the queue; each loss led to a new snapshot.")),
        lost(Counter(r, "innkeeper_link_lost_results_total",
                     "Results given up before they were acknowledged.")),
        snapshots(Counter(r, "innkeeper_link_snapshots_total", "Snapshots sent.")) {}

  prometheus::Gauge& connected;
  prometheus::Counter& streams;
  prometheus::Counter& failures;
  prometheus::Counter& dropped;
  prometheus::Counter& lost;
  prometheus::Counter& snapshots;
};

LinkMetrics::LinkMetrics(prometheus::Registry& registry)
    : series_(std::make_unique<Series>(registry)) {}
LinkMetrics::~LinkMetrics() = default;

void LinkMetrics::Connected(bool connected) { series_->connected.Set(connected ? 1 : 0); }
void LinkMetrics::Opened() { series_->streams.Increment(); }
void LinkMetrics::Failed() { series_->failures.Increment(); }
void LinkMetrics::Outbox(uint64_t drops, uint64_t results_lost, uint64_t snapshots) {
  RaiseTo(series_->dropped, drops);
  RaiseTo(series_->lost, results_lost);
  RaiseTo(series_->snapshots, snapshots);
}

}  // namespace innkeeper
