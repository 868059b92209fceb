#pragma once

#include <string>

#include "base/secret.h"
#include "base/status.h"

namespace innkeeper {

// A fresh ECDSA P-256 key and a PKCS#10 request for it, both PEM. The request carries no names: the
// coordinator decides what the certificate says. The key never leaves the node.
struct SigningRequest {
  Secret key;
  std::string request;
};
absl::StatusOr<SigningRequest> MakeSigningRequest();

}  // namespace innkeeper
