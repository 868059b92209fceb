#pragma once
// Join tokens, "id.secret.cahash" as in kubeadm: the id names it in lists and logs, the secret
// proves it, the hash (SHA-256 of the coordinator authority's public key info) lets the agent know
// whom it talks to before it trusts anybody. Only a salted hash of the secret is stored, in the
// vault under token/<id>; uses are counted there by compare-and-swap.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/call.h"
#include "base/clock.h"
#include "base/secret.h"
#include "base/status.h"
#include "coordinator/guests/home.h"

namespace innkeeper {

struct JoinToken {
  std::string id;     // 6 of [a-z0-9]
  std::string space;  // namespace of the nodes that join by it
  std::string node;   // the only node it is for; empty: any
  int64_t uses_left = 1;
  absl::Time expires;
  int64_t version = 0;  // of the vault's entry
};

// Thread-safe; each blocks on the vault.
class JoinTokens {
 public:
  struct Wish {
    std::string space;
    std::string node;
    int64_t uses = 1;                        // 1 to 10000
    absl::Duration valid = absl::Hours(24);  // up to 365 days
  };
  struct Created {
    JoinToken token;
    Secret text;  // the whole token; nowhere else and never again
  };

  // `authority_sha256`: what a token made now carries, lower-case hexadecimal. Any thread.
  using AuthoritySha256 = std::function<absl::StatusOr<std::string>()>;
  JoinTokens(Vault& vault, const Clock& clock, AuthoritySha256 authority_sha256)
      : vault_(vault), clock_(clock), authority_sha256_(std::move(authority_sha256)) {}

  // INVALID_ARGUMENT: a value out of range or a name that cannot stand in a certificate.
  absl::StatusOr<Created> Create(const Wish& wish, const Call& call);
  // Those that still stand, by id; used-up and expired ones are removed on the way.
  absl::StatusOr<std::vector<JoinToken>> List(const Call& call);
  absl::Status Revoke(const std::string& id, const Call& call);  // NOT_FOUND

  // What `text` ("id.secret", a third part is ignored) stands for, now, for `node`.
  // UNAUTHENTICATED, always with the same words: unknown, wrong, expired, used up, or for another
  // node. Takes the same work for each of these.
  absl::StatusOr<JoinToken> Check(const Secret& text, const std::string& node, const Call& call);
  // Takes one use of what Check returned. ABORTED: somebody took one at the same time; check again.
  absl::Status TakeUse(const JoinToken& token, const Call& call);

 private:
  Vault& vault_;
  const Clock& clock_;
  const AuthoritySha256 authority_sha256_;
};

}  // namespace innkeeper
