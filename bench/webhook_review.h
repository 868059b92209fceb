#pragma once
// The review that all webhooks get, and what they must answer.

#include <nlohmann/json.hpp>
#include <string>

#include "base/status.h"

namespace innkeeper {

// An AdmissionReview of 4 KB: the creation of an ordinary labelled VM with cloud-config, as an API
// server sends it.
std::string BenchReview();

// The VM that an answer to that review makes of it, by a JSON Patch implementation that is not
// ours. INVALID_ARGUMENT: no such answer, or it patches nothing.
absl::StatusOr<nlohmann::json> ReviewedVm(const std::string& answer);

}  // namespace innkeeper
