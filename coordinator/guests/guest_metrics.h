#pragma once
// The core's metrics. Label sets are closed; the number of series does not grow with guests.
//   innkeeper_guests{phase}               gauge, set before each scrape
//   innkeeper_reconcile_total{outcome}    done, later, retry, terminal
//   innkeeper_enrolments_total{result}    enrolled, failed, withdrawn
//   innkeeper_enrolment_seconds           histogram: first attempt to proven
//   innkeeper_removals_total{result}      removed, held
//   innkeeper_queue_ready, _waiting       gauges, set before each scrape

#include <memory>

#include "base/clock.h"
#include "coordinator/guests/guest.h"

namespace prometheus {
class Registry;
}

namespace innkeeper {

enum class ReconcileOutcome { kDone, kLater, kRetry, kTerminal };
enum class EnrolmentResult { kEnrolled, kFailed, kWithdrawn };
enum class RemovalResult { kRemoved, kHeld };

// Thread-safe; never blocks. The registry outlives it.
class GuestMetrics {
 public:
  explicit GuestMetrics(prometheus::Registry& registry);
  ~GuestMetrics();

  void Count(ReconcileOutcome outcome);
  void Count(EnrolmentResult result);
  void Count(RemovalResult result);
  void ObserveEnrolment(absl::Duration took);
  void SetPhases(const std::map<Phase, size_t>& counts);
  void SetQueue(size_t ready, size_t waiting);

 private:
  struct Series;
  std::unique_ptr<Series> series_;
};

}  // namespace innkeeper
