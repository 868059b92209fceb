#pragma once

#include <memory>

#include "base/clock.h"
#include "coordinator/admission/vm_admission.h"

namespace prometheus {
class Registry;
}

namespace innkeeper {

// innkeeper_admission_reviews_total{result} and innkeeper_admission_seconds. All series are born at
// zero. Thread-safe; the registry outlives it.
class AdmissionMetrics {
 public:
  explicit AdmissionMetrics(prometheus::Registry& registry);
  ~AdmissionMetrics();

  void Count(AdmissionResult result, Duration took);
  void CountMalformed();  // what was no review at all

 private:
  struct Series;
  std::unique_ptr<Series> series_;
};

}  // namespace innkeeper
