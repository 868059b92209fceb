#pragma once
// Making certificates: what our own authorities sign. Pure: PEM in, PEM out, no I/O. Keys are ECDSA
// P-256, signatures SHA-256, serials 127 random bits.

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/secret.h"
#include "base/status.h"
#include "base/tls.h"

namespace innkeeper {

// A fresh P-256 private key, PKCS#8 PEM.
absl::StatusOr<Secret> MakeKey();

// A self-signed authority that may sign leaves only (path length 0).
absl::StatusOr<KeyPair> MakeAuthority(const std::string& common_name, absl::Time from,
                                      absl::Time until);

enum class LeafUsage { kClient, kServer };
struct LeafSpec {
  std::string common_name;         // for people; nothing is decided by it
  std::vector<std::string> uris;   // URI subject alternative names
  std::vector<std::string> names;  // DNS names, or IP addresses when they parse as one
  LeafUsage usage = LeafUsage::kClient;
  absl::Time from;
  absl::Time until;
};

// A leaf for the public half of `key` (a private key, PEM), signed by `authority`. One certificate,
// PEM.
absl::StatusOr<std::string> SignForKey(const LeafSpec& leaf, const Secret& key,
                                       const KeyPair& authority);

// The same for the public key of a PKCS#10 request. Nothing else of the request is looked at.
// INVALID_ARGUMENT: no request, longer than 16 KiB, its signature is not by its own key, or the key
// is not P-256.
absl::StatusOr<std::string> SignForRequest(const LeafSpec& leaf, const std::string& request,
                                           const KeyPair& authority);

// OK when the first certificate in `pem` verifies as a TLS client against `bundle` (PEM) at `now`:
// signature, time, basic constraints and the client usage. PERMISSION_DENIED: it does not.
absl::Status VerifyClient(const std::string& pem, const std::string& bundle, absl::Time now);

}  // namespace innkeeper
