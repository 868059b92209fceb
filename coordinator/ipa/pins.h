#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"

namespace innkeeper {

// Hosts whose last write has an unknown outcome, and the server that may still carry it out. Until
// that server answers a later write for the host, or the time is over, everything about the host
// goes there: two servers must not both create it, and only that one can say what became of it.
// Thread-safe.
class WritePins {
 public:
  static constexpr Duration kHold = std::chrono::minutes(5);
  explicit WritePins(const Clock& clock) : clock_(clock) {}

  std::optional<std::string> Find(const std::string& host);
  void Pin(const std::string& host, const std::string& server);
  void Release(const std::string& host);

 private:
  struct Place {
    std::string server;
    MonotonicTime until;
  };
  const Clock& clock_;
  Guarded<std::map<std::string, Place>> places_;
};

}  // namespace innkeeper
