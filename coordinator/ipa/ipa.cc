#include "coordinator/ipa/ipa.h"

#include <algorithm>
#include <utility>

#include "coordinator/ipa/ipa_parts.h"
#include "coordinator/ipa/jsonrpc_ipa_client.h"
#include "coordinator/ipa/servers.h"
#include "coordinator/ipa/srv_lookup.h"

namespace innkeeper {
namespace {

constexpr Duration kQuickConnect = std::chrono::seconds(1);

// What the client stands on, in the order in which the parts depend on each other.
struct IpaParts {
  IpaParts(IpaOptions options, std::unique_ptr<SrvLookup> dns, const Clock& clock, Random& random,
           prometheus::Registry& registry)
      : account(std::move(options), clock, registry),
        lookup(std::move(dns)),
        servers({.domain = account.options().domain,
                 .servers = account.options().servers,
                 .look_up_addresses = !account.options().dns_server.empty()},
                *lookup, clock, random) {}

  absl::StatusOr<std::unique_ptr<IpaServer>> Connect(const ServerAddress& at) {
    const Duration patience = account.options().connect_timeout;
    return account.MakeServer(at,
                              servers.size() > 1 ? std::min(kQuickConnect, patience) : patience);
  }

  IpaAccount account;
  const std::unique_ptr<SrvLookup> lookup;
  SrvServerList servers;
};

// A base of its own, so that the parts are there before the client and go after it.
class ComposedIpaClient final : private IpaParts, public JsonRpcIpaClient {
 public:
  ComposedIpaClient(IpaOptions options, std::unique_ptr<SrvLookup> dns, const Clock& clock,
                    Random& random, prometheus::Registry& registry)
      : IpaParts(std::move(options), std::move(dns), clock, random, registry),
        JsonRpcIpaClient(
            IpaParts::servers, [this](const ServerAddress& at) { return Connect(at); }, clock) {}
};

}  // namespace

absl::StatusOr<std::unique_ptr<IpaClient>> MakeIpaClient(IpaOptions options, const Clock& clock,
                                                         Random& random,
                                                         prometheus::Registry& registry) {
  RETURN_IF_ERROR(CheckIpaOptions(options));
  ASSIGN_OR_RETURN(std::unique_ptr<SrvLookup> lookup, MakeAresSrvLookup(options.dns_server));
  return std::make_unique<ComposedIpaClient>(std::move(options), std::move(lookup), clock, random,
                                             registry);
}

}  // namespace innkeeper
