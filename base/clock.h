#pragma once
// Time comes in by constructor, so that tests own it. Wall time is for people and records;
// deadlines and waits are on the monotonic clock only, which no administrator can set.

#include <chrono>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace innkeeper {

using MonotonicTime = std::chrono::steady_clock::time_point;
using Duration = std::chrono::nanoseconds;

// Thread-safe; never blocks.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;           // wall clock: may jump
  virtual MonotonicTime Monotonic() const = 0;  // never goes back
};

class RealClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
  MonotonicTime Monotonic() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace innkeeper
