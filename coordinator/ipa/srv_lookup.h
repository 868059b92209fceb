#pragma once
// DNS questions by c-ares. Every question has a channel of its own, so nothing is shared between
// threads, and each sees the resolv.conf of that moment. Truncated replies are asked for again over
// TCP by c-ares itself.

#include <memory>
#include <string>
#include <vector>

#include "base/call.h"
#include "coordinator/ipa/srv_reply.h"

namespace innkeeper {

class SrvLookup {
 public:
  virtual ~SrvLookup() = default;
  // The SRV records of `name`. Errors: see DecodeSrvReply; UNAVAILABLE also when no DNS server
  // answers; DEADLINE_EXCEEDED, CANCELLED by call. Blocks; thread-safe.
  virtual absl::StatusOr<SrvAnswer> Services(const std::string& name, const Call& call) = 0;
  // The IPv4 and IPv6 addresses of `host` as text, by this lookup's DNS servers.
  virtual absl::StatusOr<std::vector<std::string>> Addresses(const std::string& host,
                                                             const Call& call) = 0;
};

// `dns_server`: "ADDRESS" or "ADDRESS:PORT" ("[::1]:53"); empty: the system's. INVALID_ARGUMENT:
// not an address. INTERNAL: c-ares does not start.
absl::StatusOr<std::unique_ptr<SrvLookup>> MakeAresSrvLookup(const std::string& dns_server);

}  // namespace innkeeper
