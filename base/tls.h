#pragma once
// Certificates and contexts of every TLS end that we own. PEM in, PEM out; nothing here does I/O
// but the file functions. Keys are ECDSA P-256; TLS 1.2 is the least version.

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/secret.h"
#include "base/status.h"

// OpenSSL's own names, so that its headers stay out of this one.
struct ssl_ctx_st;
struct x509_st;

namespace innkeeper {

// A certificate chain (leaf first) and its key, PEM.
struct KeyPair {
  std::string chain;
  Secret key;
  KeyPair Copy() const { return {chain, key.Copy()}; }
};

// What our code needs to know of one certificate (the first in a PEM).
struct CertificateFacts {
  std::string common_name;
  std::vector<std::string> uris;   // URI subject alternative names
  std::vector<std::string> names;  // DNS and IP subject alternative names
  std::string serial;              // lower-case hexadecimal
  std::string spki_sha256;         // lower-case hexadecimal, of the public key info
  absl::Time not_before;
  absl::Time not_after;
};
// INVALID_ARGUMENT: no certificate in `pem`.
absl::StatusOr<CertificateFacts> ReadCertificate(const std::string& pem);

// OK when the key belongs to the chain's leaf, the leaf is within its time at `now`, and it
// verifies against `ca` (PEM bundle; empty skips that). Else FAILED_PRECONDITION saying which.
absl::Status ValidateKeyPair(const KeyPair& pair, const std::string& ca, absl::Time now);

// Whole files. The key file is written 0600; both appear together: they are written into a fresh
// folder beside `directory`'s "current" symlink, which is then swapped by rename, so no reader ever
// sees half a pair. Files: current/tls.crt, current/tls.key, current/ca.crt. Blocks on the disk.
absl::Status PublishKeyPair(const std::string& directory, const KeyPair& pair,
                            const std::string& ca);
absl::StatusOr<KeyPair> LoadKeyPair(const std::string& directory);

// An immutable server context. `client_ca` PEM bundle: verify client certificates against it;
// kOptional lets clients without one in (the request then has no peer certificate).
enum class ClientCertificate { kNone, kOptional, kRequired };
using TlsContext = std::shared_ptr<ssl_ctx_st>;
absl::StatusOr<TlsContext> MakeServerContext(const KeyPair& pair, const std::string& client_ca,
                                             ClientCertificate demand);

}  // namespace innkeeper
