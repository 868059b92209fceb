#include "coordinator/admission/admission_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <vector>

namespace innkeeper {
namespace {

// Seconds. A review takes some microseconds; the API server waits for two seconds at most.
const prometheus::Histogram::BucketBoundaries kSeconds = {0.00001, 0.000025, 0.00005, 0.0001,
                                                          0.00025, 0.001,    0.01,    0.1};

}  // namespace

struct AdmissionMetrics::Series {
  std::vector<prometheus::Counter*> results;
  prometheus::Counter* malformed = nullptr;
  prometheus::Histogram* seconds = nullptr;
};

AdmissionMetrics::AdmissionMetrics(prometheus::Registry& registry)
    : series_(std::make_unique<Series>()) {
  auto& reviews = prometheus::BuildCounter()
                      .Name("innkeeper_admission_reviews_total")
                      .Help("Reviews of VirtualMachines, by what became of them")
                      .Register(registry);
  for (size_t i = 0; i <= static_cast<size_t>(AdmissionResult::kNotOurs); ++i) {
    series_->results.push_back(&reviews.Add({{"result", NameOf(static_cast<AdmissionResult>(i))}}));
  }
  series_->malformed = &reviews.Add({{"result", "malformed"}});
  series_->seconds = &prometheus::BuildHistogram()
                          .Name("innkeeper_admission_seconds")
                          .Help("From a review's last byte to its answer, without the network")
                          .Register(registry)
                          .Add({}, kSeconds);
}

AdmissionMetrics::~AdmissionMetrics() = default;

void AdmissionMetrics::Count(AdmissionResult result, Duration took) {
  series_->results[static_cast<size_t>(result)]->Increment();
  series_->seconds->Observe(std::chrono::duration<double>(took).count());
}

void AdmissionMetrics::CountMalformed() { series_->malformed->Increment(); }

}  // namespace innkeeper
