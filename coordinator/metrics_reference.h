#pragma once

#include <string>

namespace innkeeper {

// All metrics of the coordinator, as docs/reference/metrics.md shows them.
std::string CoordinatorMetricsReference();

}  // namespace innkeeper
