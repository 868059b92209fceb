#pragma once

#include <cstdint>
#include <string>

namespace innkeeper {

// Randomness by constructor, so that tests own it. Thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  // Uniform in [0, bound); bound > 0.
  virtual uint64_t Below(uint64_t bound) = 0;
};

// The operating system's generator.
class SystemRandom final : public Random {
 public:
  uint64_t Below(uint64_t bound) override;
};

// `bytes` unpredictable bytes as lower-case hexadecimal (two characters each).
std::string RandomHex(size_t bytes);

}  // namespace innkeeper
