#pragma once

#include <mutex>
#include <utility>

namespace innkeeper {

// A value reachable only under its lock. A function that needs the lock takes T&, so it cannot be
// called without it.
template <class T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  // Runs use(T&) under the lock. Returns by value, so no reference escapes it.
  template <class F>
  auto With(F&& use) {
    std::scoped_lock lock(mutex_);
    return std::forward<F>(use)(value_);
  }

 private:
  std::mutex mutex_;
  T value_{};
};

}  // namespace innkeeper
