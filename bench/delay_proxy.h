#pragma once
// A network that is far away: forwards TCP connections and holds every byte back for a while.

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/status.h"

namespace innkeeper {

class DelayProxy {
 public:
  // Listens on a loopback address of its own, at `port`; what comes goes to target:port `one_way`
  // later, and back as late. UNAVAILABLE: the address or port cannot be had.
  static absl::StatusOr<std::unique_ptr<DelayProxy>> Start(const std::string& target, int port,
                                                           Duration one_way);
  virtual ~DelayProxy() = default;  // cuts every connection
  // "127.18.52.86"
  virtual std::string address() const = 0;
};

}  // namespace innkeeper
