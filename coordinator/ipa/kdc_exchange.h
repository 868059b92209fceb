#pragma once

#include <string>

#include "base/call.h"
#include "base/status.h"

namespace innkeeper {

// One request to a KDC over TCP (RFC 4120 section 7.2.2: four bytes of length, then the message)
// and its reply, at most 64 KiB. `address` is a host name or an IP. UNAVAILABLE: no connection, or
// it broke. Blocks; looking up a name can outlive the deadline by the resolver's own time-out.
absl::StatusOr<std::string> ExchangeWithKdc(const std::string& address, int port,
                                            const std::string& request, const Call& call);
inline constexpr int kKdcPort = 88;

}  // namespace innkeeper
