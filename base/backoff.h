#pragma once

#include <algorithm>

#include "base/clock.h"
#include "base/random.h"

namespace innkeeper {

// How long to wait before the next try: exponential with full jitter (a uniform draw between zero
// and the current ceiling, but never under a tenth of it), so that a thousand peers do not come
// back in step. Not thread-safe; Random outlives it.
class Backoff {
 public:
  struct Limits {
    Duration first;  // ceiling of the first wait
    Duration most;   // ceiling of every later one
  };

  Backoff(Limits limits, Random& random) : limits_(limits), random_(random) {}

  Duration Next() {
    const Duration ceiling = ceiling_ == Duration::zero() ? limits_.first : ceiling_;
    ceiling_ = std::min(ceiling * 2, limits_.most);
    const Duration floor = ceiling / 10;
    const auto span = static_cast<uint64_t>((ceiling - floor).count()) + 1;
    return floor + Duration(static_cast<Duration::rep>(random_.Below(span)));
  }

  // After a success that proves the peer works (a message, not just a connection).
  void Reset() { ceiling_ = Duration::zero(); }

 private:
  const Limits limits_;
  Random& random_;
  Duration ceiling_ = Duration::zero();
};

}  // namespace innkeeper
