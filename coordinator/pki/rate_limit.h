#pragma once
// How often one address may try something: a bucket per address, refilled steadily. What it
// remembers is bounded; when all places are taken by busy addresses, newcomers share one bucket.

#include <cstddef>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"

namespace innkeeper {

// Thread-safe, never blocks.
class RateLimit {
 public:
  struct Limits {
    double per_second = 1;
    double burst = 5;
    size_t addresses = 4096;
  };
  RateLimit(Limits limits, const Clock& clock) : limits_(limits), clock_(clock) {}

  // True when `address` may do it now. IPv6 addresses count by their /64.
  bool Allow(const std::string& address);

 private:
  struct Bucket {
    double tokens = 0;
    MonotonicTime at;
  };
  using Buckets = std::map<std::string, Bucket>;
  void DropFull(Buckets& buckets, MonotonicTime now) const;

  const Limits limits_;
  const Clock& clock_;
  Guarded<Buckets> buckets_;
};

}  // namespace innkeeper
