#pragma once
// The composition root of the FreeIPA client: the one place that names its concrete parts.
//
// Threads: "ipa-servers" (DNS), and per server that was ever used "ipa-1" and "ipa-2" (requests).

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/secret.h"
#include "base/status.h"
#include "coordinator/guests/ipa_client.h"

namespace prometheus {
class Registry;
}

namespace innkeeper {

class IpaDispatcher;

struct IpaOptions {
  // Where: SRV records of `domain` (empty: do not ask DNS), then `servers`.
  std::string domain;
  std::vector<std::string> servers;  // FQDNs of FreeIPA servers
  // "ADDRESS" or "ADDRESS:PORT", asked for both and for the servers' addresses; empty: the system's
  // resolver.
  std::string dns_server;
  std::vector<std::string> resolve;  // "host:port:address": instead of any resolver
  std::string ca_file;               // PEM bundle that vouches for the servers

  // Who: either a user with a password, or a principal with a keytab (call PrepareKerberos first).
  std::string user;
  Secret password;
  std::string principal;
  std::string keytab;

  // For connecting and the TLS handshake; while it knows several servers the client waits at most
  // one second for each.
  Duration connect_timeout = std::chrono::seconds(5);
};

// INVALID_ARGUMENT: no server, no CA, neither or both accounts, a bad DNS address. Connects nothing
// yet. Clock, random and registry outlive the client.
absl::StatusOr<std::unique_ptr<IpaClient>> MakeIpaClient(IpaOptions options, const Clock& clock,
                                                         Random& random,
                                                         prometheus::Registry& registry);

// One server and one login, for `ipa setup` and `ipa check`, which talk to FreeIPA in its own
// words and read what they wrote.
class IpaConnection {
 public:
  // Connects to the first of the servers, found as MakeIpaClient's are, that answers. Errors: as
  // MakeIpaClient and IpaClient::Facts. Clock, random and registry outlive the connection. Blocks.
  static absl::StatusOr<std::unique_ptr<IpaConnection>> Open(IpaOptions options, const Clock& clock,
                                                             Random& random,
                                                             prometheus::Registry& registry,
                                                             const Call& call);
  virtual ~IpaConnection() = default;
  virtual IpaDispatcher& dispatcher() = 0;
  // The server's FQDN.
  virtual const std::string& server() const = 0;
  // New keys of `principal` into the file `path`, by LDAPS as this account (only with a password).
  // Errors: see FetchKeytab. Blocks.
  virtual absl::Status MakeKeytab(const std::string& principal, const std::string& path,
                                  const Call& call) = 0;
};

}  // namespace innkeeper
