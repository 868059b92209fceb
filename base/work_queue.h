#pragma once
// The queue of a reconciler: a key is queued once however often it is added, never worked on by two
// workers at a time, and worked on once more when it was added meanwhile. Failures come back after
// a growing, jittered wait. (The contract of Kubernetes' workqueue.)

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/random.h"

namespace innkeeper {

class WorkQueue {
 public:
  // Waits are taken from `clock`'s monotonic time; a FakeClock's owner calls Wake() after Advance.
  WorkQueue(Backoff::Limits retry, const Clock& clock, Random& random);

  // Thread-safe, never block (Pop apart).
  void Add(const std::string& key);                       // as soon as a worker is free
  void AddAfter(const std::string& key, Duration delay);  // an earlier time already set stays
  void AddRetry(const std::string& key);                  // after the key's backoff
  void Forget(const std::string& key);                    // its backoff starts anew
  void Wake();                                            // look at the clock again

  // The next key, which the caller owns until Done(key). Nothing after a stop request. Blocks.
  std::optional<std::string> Pop(std::stop_token stop);
  std::optional<std::string> TryPop();  // nothing when no key is due; never blocks
  void Done(const std::string& key);

  size_t ready() const;    // keys that could be popped now
  size_t waiting() const;  // keys with a time in the future
 private:
  // Each needs mutex_.
  bool Schedule(const std::string& key, MonotonicTime at);  // true: now the earliest of all
  void MoveDue();
  std::optional<std::string> Take();  // the first that is due
  void MakeReady(const std::string& key);
  MonotonicTime NextDue() const;

  const Backoff::Limits retry_;
  const Clock& clock_;
  Random& random_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::string> ready_;
  std::set<std::string> queued_, running_, dirty_;
  std::map<std::string, MonotonicTime> due_;                  // by key
  std::set<std::pair<MonotonicTime, std::string>> schedule_;  // the same by time
  std::map<std::string, Backoff> backoffs_;
  uint64_t version_ = 0;  // of all of the above, for waiters
};

}  // namespace innkeeper
