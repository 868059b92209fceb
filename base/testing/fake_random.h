#pragma once

#include <algorithm>
#include <atomic>

#include "base/random.h"

namespace innkeeper {

// Draws the value it was told, cut to the bound; by default the largest possible. Thread-safe.
class FakeRandom final : public Random {
 public:
  uint64_t Below(uint64_t bound) override { return std::min(next_.load(), bound - 1); }
  void Draw(uint64_t value) { next_ = value; }

 private:
  std::atomic<uint64_t> next_ = UINT64_MAX;
};

}  // namespace innkeeper
