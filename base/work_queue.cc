#include "base/work_queue.h"

#include <vector>

namespace innkeeper {

WorkQueue::WorkQueue(Backoff::Limits retry, const Clock& clock, Random& random)
    : retry_(retry), clock_(clock), random_(random) {}

void WorkQueue::Add(const std::string& key) {
  {
    std::scoped_lock lock(mutex_);
    if (running_.contains(key)) {
      dirty_.insert(key);
    } else if (queued_.insert(key).second) {
      ready_.push_back(key);
      due_.erase(key);
    }
    ++version_;
  }
  changed_.notify_one();
}

void WorkQueue::AddAfter(const std::string& key, Duration delay) {
  {
    std::scoped_lock lock(mutex_);
    const MonotonicTime at = clock_.Monotonic() + delay;
    const auto [place, added] = due_.try_emplace(key, at);
    if (!added && at < place->second) place->second = at;
    ++version_;
  }
  changed_.notify_all();  // a waiter may have to wake earlier than it thought
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

void WorkQueue::MoveDue() {
  const MonotonicTime now = clock_.Monotonic();
  std::vector<std::string> due;
  for (const auto& [key, at] : due_) {
    if (at <= now) due.push_back(key);
  }
  for (const std::string& key : due) {
    due_.erase(key);
    if (running_.contains(key)) {
      dirty_.insert(key);
    } else if (queued_.insert(key).second) {
      ready_.push_back(key);
    }
  }
}

std::optional<std::string> WorkQueue::Pop(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    MoveDue();
    if (!ready_.empty()) {
      std::string key = std::move(ready_.front());
      ready_.pop_front();
      queued_.erase(key);
      running_.insert(key);
      return key;
    }
    MonotonicTime wake = clock_.Monotonic() + std::chrono::hours(1);
    for (const auto& [key, at] : due_) wake = std::min(wake, at);
    // On a clock of its own the real wait is only a bound; Wake comes when that clock was moved.
    const auto real = std::chrono::steady_clock::now() + (wake - clock_.Monotonic());
    changed_.wait_until(lock, stop, real, [this, seen = version_] { return version_ != seen; });
  }
  return std::nullopt;
}

void WorkQueue::Done(const std::string& key) {
  {
    std::scoped_lock lock(mutex_);
    running_.erase(key);
    if (dirty_.erase(key) > 0 && queued_.insert(key).second) ready_.push_back(key);
    ++version_;
  }
  changed_.notify_one();
}

size_t WorkQueue::ready() const {
  std::scoped_lock lock(mutex_);
  return ready_.size();
}

size_t WorkQueue::waiting() const {
  std::scoped_lock lock(mutex_);
  return due_.size();
}

}  // namespace innkeeper
