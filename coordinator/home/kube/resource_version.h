#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace innkeeper {

// A resourceVersion as a number. Kubernetes promises since 1.35 that they are numbers which rise
// within a kind, and every server kept it before: ADR 0004. INVALID_ARGUMENT: it is none.
absl::StatusOr<int64_t> ParseResourceVersion(const std::string& text);

}  // namespace innkeeper
