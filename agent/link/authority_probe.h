#pragma once

#include <string>

#include "base/call.h"
#include "base/status.h"

namespace innkeeper {

// The authority of the server at `url` (https://host[:port]) whose public key hash is `spki_sha256`
// (lower-case hexadecimal), PEM: found in the chain that the server presents. This is how a join
// token's third part becomes trust: the connection itself is not verified, nothing is sent on it,
// and nothing but the hashed certificate is believed. UNAVAILABLE: no connection.
// PERMISSION_DENIED: no certificate of the chain has that hash: another server, somebody in
// between, or an old token. Blocks.
absl::StatusOr<std::string> ProbeAuthority(const std::string& url, const std::string& spki_sha256,
                                           const Call& call);

}  // namespace innkeeper
