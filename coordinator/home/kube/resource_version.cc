#include "coordinator/home/kube/resource_version.h"

#include "absl/strings/numbers.h"

namespace innkeeper {

absl::StatusOr<int64_t> ParseResourceVersion(const std::string& text) {
  int64_t version = 0;
  if (!absl::SimpleAtoi(text, &version) || version <= 0)
    return absl::InvalidArgumentError("metadata.resourceVersion: not a number above 0");
  return version;
}

}  // namespace innkeeper
