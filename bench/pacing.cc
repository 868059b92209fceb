#include "bench/pacing.h"

#include <algorithm>

namespace innkeeper {

std::optional<MonotonicTime> Pacing::Take(MonotonicTime now) {
  if (taken_ == count_ || Due() > now) return std::nullopt;
  const MonotonicTime due = interval_ == Duration::zero() ? now : Due();
  ++taken_;
  return due;
}

std::optional<Duration> Pacing::Wait(MonotonicTime now) const {
  if (taken_ == count_) return std::nullopt;
  return std::max(Duration::zero(), Duration(Due() - now));
}

}  // namespace innkeeper
