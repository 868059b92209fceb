#pragma once
// The least of HTTP/1.1 that a load generator needs: where an answer ends. Pure.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace innkeeper {

struct HttpAnswer {
  int status = 0;
  size_t body_at = 0, size = 0;  // bytes of head, and of all of it
};
// Nothing: it has not all come yet. INVALID_ARGUMENT: no HTTP, or no Content-Length; every server
// that is compared here says one.
absl::StatusOr<std::optional<HttpAnswer>> FindAnswer(std::string_view bytes);

// The whole request.
std::string PostOf(const std::string& path, const std::string& json);
std::string GetOf(const std::string& path);

}  // namespace innkeeper
