#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/status.h"

namespace innkeeper {

// Unpacks gzip as Python's gzip.GzipFile does: all members one after another, zero bytes after the
// last. RESOURCE_EXHAUSTED: more than `cap` bytes inside. INVALID_ARGUMENT: not gzip, cut, or
// something else behind it.
absl::StatusOr<std::string> Gunzip(std::string_view packed, size_t cap);

}  // namespace innkeeper
