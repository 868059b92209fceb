#include "coordinator/pki/rate_limit.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace innkeeper {
namespace {

constexpr char kOthers[] = "others";
constexpr size_t kPrefixBytes = 8;  // one subscriber's least IPv6 allotment, RFC 6177

std::string KeyOf(const std::string& address) {
  in6_addr parsed;
  if (inet_pton(AF_INET6, address.c_str(), &parsed) != 1) return address.substr(0, 64);
  std::memset(parsed.s6_addr + kPrefixBytes, 0, sizeof parsed.s6_addr - kPrefixBytes);
  char text[INET6_ADDRSTRLEN];
  return inet_ntop(AF_INET6, &parsed, text, sizeof text);
}

}  // namespace

bool RateLimit::Allow(const std::string& address) {
  const MonotonicTime now = clock_.Monotonic();
  return buckets_.With([&](Buckets& buckets) {
    std::string key = KeyOf(address);
    if (!buckets.contains(key) && buckets.size() >= limits_.addresses) {
      DropFull(buckets, now);
      if (buckets.size() >= limits_.addresses) key = kOthers;
    }
    Bucket& bucket = buckets.try_emplace(key, Bucket{limits_.burst, now}).first->second;
    const double seconds = std::chrono::duration<double>(now - bucket.at).count();
    bucket.tokens = std::min(limits_.burst, bucket.tokens + seconds * limits_.per_second);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  });
}

void RateLimit::DropFull(Buckets& buckets, MonotonicTime now) const {
  std::erase_if(buckets, [&](const auto& entry) {
    const double seconds = std::chrono::duration<double>(now - entry.second.at).count();
    return entry.second.tokens + seconds * limits_.per_second >= limits_.burst;
  });
}

}  // namespace innkeeper
