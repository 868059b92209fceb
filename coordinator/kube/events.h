#pragma once
// Kubernetes Events: what `kubectl describe` shows below an object. They are for people and may be
// lost: recording never blocks and never fails the caller.

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <tuple>

#include "absl/time/time.h"
#include "base/bounded_queue.h"
#include "base/clock.h"
#include "coordinator/kube/kube_client.h"

namespace innkeeper {

struct KubeEvent {
  // Of what it happened to. An empty namespace: the event is kept in "default".
  std::string api_version, kind, ns, name, uid;
  bool warning = false;
  std::string reason;   // "Enrolled": UpperCamelCase
  std::string message;  // cut after 1,000 bytes, which the server takes at most
};

class KubeEvents {
 public:
  struct Options {
    std::string component = "innkeeper-coordinator";
    std::string instance;       // of this replica
    size_t queue = 1'000;       // events that wait; more are dropped
    size_t remembered = 4'096;  // events whose repetition is counted instead of told again
    // Of one object: so many at once, then one in so long, as client-go does.
    double burst = 25;
    Duration refill = std::chrono::minutes(5);
    Duration timeout = std::chrono::seconds(10);  // of one request
  };
  // References outlive it.
  KubeEvents(KubeClient& client, const Clock& clock, Options options);
  // What waits is dropped.
  ~KubeEvents() = default;

  // Never blocks. Thread-safe.
  void Record(KubeEvent event);

  // Not told: the queue was full, the object had too many, or the server refused.
  uint64_t Drops() const { return queue_.drops() + limited_ + refused_; }
  uint64_t Written() const { return written_; }

 private:
  using Key = std::tuple<std::string, std::string, std::string>;  // uid, reason, message
  struct Told {
    std::string name;  // of the Event
    int64_t count = 0;
    absl::Time first;
    uint64_t used = 0;
  };
  struct Bucket {
    double tokens = 0;
    MonotonicTime at{};
  };
  void Run(const std::stop_token& stop);
  bool MayTell(const std::string& uid);
  absl::Status Write(const KubeEvent& event, const Call& call);
  absl::Status Repeat(const KubeEvent& event, Told& told, const Call& call);
  absl::Status Tell(const KubeEvent& event, const Key& key, const Call& call);
  void Forget();

  KubeClient& client_;
  const Clock& clock_;
  const Options options_;
  BoundedQueue<KubeEvent> queue_;
  std::map<Key, Told> told_;               // the thread's own, as buckets_
  std::map<std::string, Bucket> buckets_;  // by uid
  uint64_t uses_ = 0;
  std::atomic<uint64_t> limited_ = 0, refused_ = 0, written_ = 0;
  std::jthread thread_;
};

}  // namespace innkeeper
