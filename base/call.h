#pragma once
// A Call says how long the caller is willing to wait and when it has lost interest. Every function
// that may block takes one; what it calls in turn gets what is left.

#include <algorithm>
#include <chrono>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/status.h"

namespace innkeeper {

struct Call {
  MonotonicTime deadline;  // on std::chrono::steady_clock
  std::stop_token stop;    // requested: give up at the next chance

  // A call that ends `timeout` from now on the real monotonic clock.
  static Call Within(Duration timeout, std::stop_token stop = {}) {
    return Call{std::chrono::steady_clock::now() + timeout, std::move(stop)};
  }

  // The same call, but no longer than `timeout` from now.
  Call AtMost(Duration timeout) const {
    return Call{std::min(deadline, std::chrono::steady_clock::now() + timeout), stop};
  }

  // Zero when the deadline has passed or stop was requested.
  Duration Remaining() const {
    const auto now = std::chrono::steady_clock::now();
    return stop.stop_requested() || now >= deadline ? Duration::zero() : Duration(deadline - now);
  }

  // CANCELLED after a stop request, DEADLINE_EXCEEDED after the deadline, else OK.
  absl::Status Check(const std::string& doing) const {
    if (stop.stop_requested()) return absl::CancelledError(doing + ": stopped");
    if (Remaining() == Duration::zero()) return absl::DeadlineExceededError(doing + ": too late");
    return absl::OkStatus();
  }
};

}  // namespace innkeeper
