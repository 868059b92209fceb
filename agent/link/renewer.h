#pragma once
// Keeps the agent's certificate fresh: from a third of its life on it asks for a new one with the
// present one, checks it, publishes it. Two thirds are left for an outage of the coordinator.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "base/backoff.h"
#include "base/call.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/status.h"

namespace innkeeper {

class Renewer {
 public:
  struct Options {
    std::string url;                              // https://host:port, of the JoinRecord
    std::string directory;                        // of PublishKeyPair
    std::vector<std::string> resolve;             // as in HttpClient
    Duration check = std::chrono::hours(1);       // the longest wait between two looks
    Duration timeout = std::chrono::seconds(30);  // of one request
    Backoff::Limits retry{std::chrono::seconds(30), std::chrono::minutes(30)};
    std::function<void()> on_new;  // e.g. GrpcCoordinatorLink::Reload; on its thread
  };
  // Clock and random outlive it.
  Renewer(const Clock& clock, Random& random, Options options);
  ~Renewer();

  // Renews if it is time. True: a new pair was published. PERMISSION_DENIED: the node is revoked or
  // unknown. Whatever fails, the present pair stays. Not while the thread runs. Blocks.
  absl::StatusOr<bool> RenewIfDue(const Call& call);
  // Does so on a thread ("cert-renewer").
  void Start();
  void Stop();

 private:
  absl::Status Renew(const Call& call);
  void Run(std::stop_token stop);

  const Clock& clock_;
  const Options options_;
  Backoff backoff_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace innkeeper
