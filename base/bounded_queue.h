#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/clock.h"

namespace innkeeper {

// What a full queue does with one more item. Both are counted.
enum class Overflow {
  kRejectNewest,  // Push returns false; the item is dropped
  kDropOldest,    // the oldest item makes room; Push returns true
};

// First in, first out, never more than `capacity` items, any number of threads on either side.
template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t capacity, Overflow overflow = Overflow::kRejectNewest)
      : capacity_(capacity), overflow_(overflow) {}

  // Never blocks. False when the item was dropped (full, or closed).
  bool Push(T item) {
    {
      std::scoped_lock lock(mutex_);
      if (closed_) return false;
      if (items_.size() >= capacity_) {
        ++drops_;
        if (overflow_ == Overflow::kRejectNewest) return false;
        items_.pop_front();
      }
      items_.push_back(std::move(item));
    }
    changed_.notify_one();
    return true;
  }

  // Waits for an item. Nothing after a stop request, or when closed and empty.
  std::optional<T> Pop(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [&] { return !items_.empty() || closed_; });
    return Take(stop);
  }

  // As Pop, but gives up at the deadline too.
  std::optional<T> PopUntil(MonotonicTime deadline, std::stop_token stop) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, stop, deadline, [&] { return !items_.empty() || closed_; });
    return Take(stop);
  }

  // No more pushes; what is queued can still be popped. Wakes every waiter.
  void Close() {
    {
      std::scoped_lock lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
  }

  size_t size() const {
    std::scoped_lock lock(mutex_);
    return items_.size();
  }
  uint64_t drops() const {
    std::scoped_lock lock(mutex_);
    return drops_;
  }

 private:
  std::optional<T> Take(const std::stop_token& stop) {
    if (stop.stop_requested() || items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    return item;
  }

  const size_t capacity_;
  const Overflow overflow_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<T> items_;
  uint64_t drops_ = 0;
  bool closed_ = false;
};

}  // namespace innkeeper
