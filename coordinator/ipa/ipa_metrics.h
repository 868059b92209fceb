#pragma once
// The client's own metrics. Label sets are closed: a command this program does not use counts as
// "other".
//
//   innkeeper_ipa_requests_total{command,result}   commands answered (or given up)
//   innkeeper_ipa_request_seconds                  HTTP requests of commands, batches included
//   innkeeper_ipa_batch_size                       commands per HTTP request
//   innkeeper_ipa_logins_total{result}             logins tried
//   innkeeper_ipa_requests_in_flight               HTTP requests of commands under way

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/status.h"

namespace prometheus {
class Registry;
}

namespace innkeeper {

class IpaMetrics {
 public:
  // The registry outlives this object. All series exist, at zero, from the start.
  explicit IpaMetrics(prometheus::Registry& registry);
  ~IpaMetrics();
  IpaMetrics(const IpaMetrics&) = delete;
  IpaMetrics& operator=(const IpaMetrics&) = delete;

  // Thread-safe, never block.
  void CountCommand(const std::string& method, const absl::Status& result);
  void CountLogin(const absl::Status& result);
  void BeginRequest(size_t commands);
  void EndRequest(Duration took);

 private:
  struct Series;
  const std::unique_ptr<Series> series_;
};

}  // namespace innkeeper
