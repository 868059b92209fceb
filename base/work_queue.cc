#include "base/work_queue.h"

#include <algorithm>

namespace innkeeper {
namespace {

// How long a worker sleeps at most when nothing is scheduled. Any value is right: every change
// wakes it.
constexpr auto kLongestSleep = std::chrono::hours(1);

}  // namespace

WorkQueue::WorkQueue(Backoff::Limits retry, const Clock& clock, Random& random)
    : retry_(retry), clock_(clock), random_(random) {}

void WorkQueue::Add(const std::string& key) {
  {
    std::scoped_lock lock(mutex_);
    MakeReady(key);
    ++version_;
  }
  changed_.notify_one();
}

void WorkQueue::AddAfter(const std::string& key, Duration delay) {
  {
    std::scoped_lock lock(mutex_);
    if (!Schedule(key, clock_.Monotonic() + delay)) return;
    ++version_;
  }
  // All of them: the one that takes this key must not be the only one that knows when the next is
  // due.
  changed_.notify_all();
}

void WorkQueue::AddRetry(const std::string& key) {
  Duration wait;
  {
    std::scoped_lock lock(mutex_);
    wait = backoffs_.try_emplace(key, retry_, random_).first->second.Next();
  }
  AddAfter(key, wait);
}

void WorkQueue::Forget(const std::string& key) {
  std::scoped_lock lock(mutex_);
  backoffs_.erase(key);
}

void WorkQueue::Wake() {
  {
    std::scoped_lock lock(mutex_);
    ++version_;
  }
  changed_.notify_all();
}

bool WorkQueue::Schedule(const std::string& key, MonotonicTime at) {
  const auto [place, added] = due_.try_emplace(key, at);
  if (!added) {
    if (place->second <= at) return false;
    schedule_.erase({place->second, key});
    place->second = at;
  }
  schedule_.emplace(at, key);
  return schedule_.begin()->second == key;
}

void WorkQueue::MakeReady(const std::string& key) {
  if (running_.contains(key)) {
    dirty_.insert(key);
  } else if (queued_.insert(key).second) {
    ready_.push_back(key);
  }
}

void WorkQueue::MoveDue() {
  const MonotonicTime now = clock_.Monotonic();
  while (!schedule_.empty() && schedule_.begin()->first <= now) {
    const std::string key = schedule_.extract(schedule_.begin()).value().second;
    due_.erase(key);
    MakeReady(key);
  }
}

MonotonicTime WorkQueue::NextDue() const {
  const MonotonicTime latest = clock_.Monotonic() + kLongestSleep;
  return schedule_.empty() ? latest : std::min(latest, schedule_.begin()->first);
}

std::optional<std::string> WorkQueue::Take() {
  MoveDue();
  if (ready_.empty()) return std::nullopt;
  std::string key = std::move(ready_.front());
  ready_.pop_front();
  queued_.erase(key);
  running_.insert(key);
  return key;
}

std::optional<std::string> WorkQueue::TryPop() {
  std::scoped_lock lock(mutex_);
  return Take();
}

std::optional<std::string> WorkQueue::Pop(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (std::optional<std::string> key = Take()) return key;
    // Real time bounds the wait also on a clock of a test; whoever moves that one calls Wake.
    const auto until = std::chrono::steady_clock::now() + (NextDue() - clock_.Monotonic());
    changed_.wait_until(lock, stop, until, [this, seen = version_] { return version_ != seen; });
  }
  return std::nullopt;
}

void WorkQueue::Done(const std::string& key) {
  {
    std::scoped_lock lock(mutex_);
    running_.erase(key);
    if (dirty_.erase(key) == 0) return;
    MakeReady(key);
    ++version_;
  }
  changed_.notify_one();
}

size_t WorkQueue::ready() const {
  std::scoped_lock lock(mutex_);
  size_t count = ready_.size();
  const MonotonicTime now = clock_.Monotonic();
  for (const auto& [at, key] : schedule_) {
    if (at > now) break;
    if (!queued_.contains(key) && !running_.contains(key)) ++count;
  }
  return count;
}

size_t WorkQueue::waiting() const {
  std::scoped_lock lock(mutex_);
  const MonotonicTime now = clock_.Monotonic();
  size_t past = 0;
  for (const auto& [at, key] : schedule_) {
    if (at > now) break;
    ++past;
  }
  return schedule_.size() - past;
}

}  // namespace innkeeper
