#include "coordinator/guests/guest_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "coordinator/guests/names.h"

namespace innkeeper {
namespace {

using prometheus::Counter;
using prometheus::Gauge;

// Seconds. A tiny guest takes some, an emulated one that installs its client takes many minutes.
const prometheus::Histogram::BucketBoundaries kEnrolmentSeconds = {5,  10,  20,  30,  45,   60,
                                                                   90, 120, 300, 600, 1200, 3600};

std::vector<Counter*> CounterPerLabel(prometheus::Registry& registry, const std::string& name,
                                      const std::string& help, const std::string& label,
                                      const std::vector<std::string>& values) {
  auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(registry);
  std::vector<Counter*> counters;
  for (const std::string& value : values) counters.push_back(&family.Add({{label, value}}));
  return counters;
}

}  // namespace

// Everything is born at zero, so that a rate can be taken from the first scrape on.
struct GuestMetrics::Series {
  std::vector<Counter*> reconciles, enrolments, removals;
  std::map<Phase, Gauge*> phases;
  prometheus::Histogram* seconds = nullptr;
  Gauge* ready = nullptr;
  Gauge* waiting = nullptr;
};

GuestMetrics::GuestMetrics(prometheus::Registry& registry) : series_(std::make_unique<Series>()) {
  series_->reconciles = CounterPerLabel(registry, "innkeeper_reconcile_total",
                                        "Passes over a guest, by how they ended", "outcome",
                                        {"done", "later", "retry", "terminal"});
  series_->enrolments = CounterPerLabel(registry, "innkeeper_enrolments_total",
                                        "Enrolment attempts, by how they ended", "result",
                                        {"enrolled", "failed", "withdrawn"});
  series_->removals =
      CounterPerLabel(registry, "innkeeper_removals_total",
                      "Identities removed, or held by the brake", "result", {"removed", "held"});
  auto& phases =
      prometheus::BuildGauge().Name("innkeeper_guests").Help("Guests by phase").Register(registry);
  for (const Phase phase : AllPhases())
    series_->phases[phase] = &phases.Add({{"phase", NameOf(phase)}});
  series_->seconds = &prometheus::BuildHistogram()
                          .Name("innkeeper_enrolment_seconds")
                          .Help("From the first attempt to the proof")
                          .Register(registry)
                          .Add({}, kEnrolmentSeconds);
  series_->ready = &prometheus::BuildGauge()
                        .Name("innkeeper_queue_ready")
                        .Help("Guests that wait for a worker")
                        .Register(registry)
                        .Add({});
  series_->waiting = &prometheus::BuildGauge()
                          .Name("innkeeper_queue_waiting")
                          .Help("Guests that wait for a time")
                          .Register(registry)
                          .Add({});
}

GuestMetrics::~GuestMetrics() = default;

void GuestMetrics::Count(ReconcileOutcome outcome) {
  series_->reconciles[static_cast<size_t>(outcome)]->Increment();
}
void GuestMetrics::Count(EnrolmentResult result) {
  series_->enrolments[static_cast<size_t>(result)]->Increment();
}
void GuestMetrics::Count(RemovalResult result) {
  series_->removals[static_cast<size_t>(result)]->Increment();
}
void GuestMetrics::ObserveEnrolment(absl::Duration took) {
  series_->seconds->Observe(absl::ToDoubleSeconds(took));
}
void GuestMetrics::SetPhases(const std::map<Phase, size_t>& counts) {
  for (const auto& [phase, gauge] : series_->phases) {
    const auto it = counts.find(phase);
    gauge->Set(it == counts.end() ? 0 : static_cast<double>(it->second));
  }
}
void GuestMetrics::SetQueue(size_t ready, size_t waiting) {
  series_->ready->Set(static_cast<double>(ready));
  series_->waiting->Set(static_cast<double>(waiting));
}

}  // namespace innkeeper
