#pragma once
// When requests are due. Pure.

#include <cstddef>
#include <optional>

#include "base/clock.h"

namespace innkeeper {

// Offers `count` requests, one each `interval` from `begin` on, whether or not the server keeps up:
// one that has to wait for a connection has been waiting since it was due. With an interval of zero
// each is due when somebody asks: a closed loop.
class Pacing {
 public:
  Pacing(MonotonicTime begin, Duration interval, size_t count)
      : begin_(begin), interval_(interval), count_(count) {}

  // Takes the oldest request that is due, and says since when. Nothing: none is due yet, or all
  // were taken.
  std::optional<MonotonicTime> Take(MonotonicTime now);
  // Until the next is due; zero when one is. Nothing: all were taken.
  std::optional<Duration> Wait(MonotonicTime now) const;

 private:
  MonotonicTime Due() const { return begin_ + interval_ * static_cast<int64_t>(taken_); }

  const MonotonicTime begin_;
  const Duration interval_;
  const size_t count_;
  size_t taken_ = 0;
};

}  // namespace innkeeper
