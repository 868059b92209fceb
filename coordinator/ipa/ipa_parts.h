#pragma once
// What both ways of composing the client (ipa.h) share: one account, which servers there are, how
// one is reached.

#include <memory>
#include <string>

#include "coordinator/ipa/ipa.h"
#include "coordinator/ipa/ipa_metrics.h"
#include "coordinator/ipa/ipa_server.h"
#include "coordinator/ipa/kerberos_tickets.h"
#include "coordinator/ipa/servers.h"
#include "coordinator/ipa/srv_lookup.h"

namespace innkeeper {

// INVALID_ARGUMENT: see MakeIpaClient.
absl::Status CheckIpaOptions(const IpaOptions& options);

// Outlives the servers it makes.
class IpaAccount {
 public:
  IpaAccount(IpaOptions options, const Clock& clock, prometheus::Registry& registry);

  absl::StatusOr<std::unique_ptr<IpaServer>> MakeServer(ServerAddress at, Duration connect_timeout);
  const IpaOptions& options() const { return options_; }
  const Secret& password() const { return account_.password; }
  // The address that `resolve` has for the server's port 443, or empty.
  std::string ConfiguredAddress(const std::string& server) const;

 private:
  IpaOptions options_;
  IpaMetrics metrics_;
  LoginBrake brake_;
  const PasswordAccount account_;
  const std::unique_ptr<TicketSource> tickets_;
};

// What a client stands on, in the order in which the parts depend on each other. Clock, random and
// registry outlive them.
struct IpaParts {
  // `dns` is MakeAresSrvLookup(options.dns_server).
  IpaParts(IpaOptions options, std::unique_ptr<SrvLookup> dns, const Clock& clock, Random& random,
           prometheus::Registry& registry);

  // Errors and ownership: see IpaAccount::MakeServer.
  absl::StatusOr<std::unique_ptr<IpaServer>> Connect(const ServerAddress& at);

  IpaAccount account;
  const std::unique_ptr<SrvLookup> lookup;
  SrvServerList servers;
};

}  // namespace innkeeper
