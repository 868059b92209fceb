#pragma once
// Decodes a DNS reply to an SRV question (RFC 1035, RFC 2782). c-ares' own parser drops the TTL.
// Pure; the bytes are untrusted.

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace innkeeper {

struct SrvRecord {
  std::string target;  // lower case, no final dot; a valid host name
  uint16_t port = 0;
  uint16_t priority = 0;
  uint16_t weight = 0;
  auto operator<=>(const SrvRecord&) const = default;
};

struct SrvAnswer {
  std::vector<SrvRecord> records;  // empty: the service is not offered there (target ".")
  uint32_t ttl = 0;                // seconds; the least of all records
};

// More records than this are not read: nobody has so many FreeIPA servers.
inline constexpr size_t kMostSrvRecords = 200;

// NOT_FOUND: no such name (NXDOMAIN), or no SRV record there. UNAVAILABLE: SERVFAIL, REFUSED and
// other refusals, or a truncated reply. INTERNAL: not a DNS reply. Records whose target is not a
// host name are left out.
absl::StatusOr<SrvAnswer> DecodeSrvReply(const unsigned char* bytes, size_t size);

}  // namespace innkeeper
