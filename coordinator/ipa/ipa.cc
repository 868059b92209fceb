#include "coordinator/ipa/ipa.h"

#include <algorithm>
#include <utility>

#include "coordinator/ipa/ipa_metrics.h"
#include "coordinator/ipa/ipa_server.h"
#include "coordinator/ipa/jsonrpc_ipa_client.h"
#include "coordinator/ipa/kerberos_tickets.h"
#include "coordinator/ipa/servers.h"
#include "coordinator/ipa/srv_lookup.h"

namespace innkeeper {
namespace {

constexpr size_t kRequestsPerServer = 3;       // two batches and a login
constexpr size_t kReplyCap = 32u << 20;        // bytes; 100,000 names of a host_find are 17 MiB
constexpr Duration kQuickConnect = std::chrono::seconds(1);

absl::Status Check(const IpaOptions& options) {
  if (options.domain.empty() && options.servers.empty())
    return absl::InvalidArgumentError("FreeIPA: neither a domain nor a server is configured");
  if (options.ca_file.empty())
    return absl::InvalidArgumentError("FreeIPA: no CA file: servers are always verified");
  const bool by_password = !options.user.empty();
  const bool by_keytab = !options.principal.empty();
  if (by_password == by_keytab)
    return absl::InvalidArgumentError("FreeIPA: give either a user or a principal");
  if (by_password && options.password.empty())
    return absl::InvalidArgumentError("FreeIPA: no password of " + options.user);
  if (by_keytab && options.keytab.empty())
    return absl::InvalidArgumentError("FreeIPA: no keytab of " + options.principal);
  return absl::OkStatus();
}

// curl's form of a server's addresses: "host:443:10.1.2.3,[2001:db8::1]".
std::string ResolveEntry(const ServerAddress& server) {
  std::string entry = server.name + ":443:";
  for (const std::string& address : server.addresses) {
    if (&address != &server.addresses.front()) entry += ',';
    entry += address.find(':') == std::string::npos ? address : "[" + address + "]";
  }
  return entry;
}

// Where `name` is by the configured entries, for its KDC.
std::vector<std::string> ConfiguredAddresses(const std::vector<std::string>& resolve,
                                             const std::string& name) {
  const std::string prefix = name + ":443:";
  for (const std::string& entry : resolve) {
    if (entry.rfind(prefix, 0) == 0) return {entry.substr(prefix.size())};
  }
  return {};
}

// What the client stands on, in the order in which the parts depend on each other.
struct IpaParts {
  IpaParts(IpaOptions given, std::unique_ptr<SrvLookup> dns, const Clock& clock, Random& random,
           prometheus::Registry& registry)
      : options(std::move(given)),
        metrics(registry),
        brake(clock),
        account{options.user, std::move(options.password)},
        tickets(options.principal.empty()
                    ? nullptr
                    : MakeKeytabTickets({options.principal, options.keytab})),
        lookup(std::move(dns)),
        servers({.domain = options.domain,
                 .servers = options.servers,
                 .look_up_addresses = !options.dns_server.empty()},
                *lookup, clock, random) {}

  absl::StatusOr<std::unique_ptr<IpaServer>> MakeServer(ServerAddress at) {
    HttpClient::Options http;
    http.ca_file = options.ca_file;
    http.resolve = options.resolve;
    http.connections = kRequestsPerServer;
    http.reply_cap = kReplyCap;
    http.connect_timeout = servers.size() > 1 ? std::min(kQuickConnect, options.connect_timeout)
                                              : options.connect_timeout;
    const auto configured = ConfiguredAddresses(options.resolve, at.name);
    if (!configured.empty()) at.addresses = configured;
    if (configured.empty() && !at.addresses.empty()) http.resolve.push_back(ResolveEntry(at));
    ASSIGN_OR_RETURN(std::unique_ptr<HttpClient> made, HttpClient::Create(std::move(http)));
    return std::make_unique<IpaServer>(
        at, std::move(made),
        LoginParts{tickets ? nullptr : &account, tickets.get(), &brake, &metrics});
  }

  IpaOptions options;
  IpaMetrics metrics;
  LoginBrake brake;
  const PasswordAccount account;
  const std::unique_ptr<TicketSource> tickets;
  const std::unique_ptr<SrvLookup> lookup;
  SrvServerList servers;
};

// A base of its own, so that the parts are there before the client and go after it.
class ComposedIpaClient final : private IpaParts, public JsonRpcIpaClient {
 public:
  ComposedIpaClient(IpaOptions given, std::unique_ptr<SrvLookup> dns, const Clock& clock,
                    Random& random, prometheus::Registry& registry)
      : IpaParts(std::move(given), std::move(dns), clock, random, registry),
        JsonRpcIpaClient(
            IpaParts::servers, [this](const ServerAddress& at) { return MakeServer(at); }, clock) {}
};

}  // namespace

absl::StatusOr<std::unique_ptr<IpaClient>> MakeIpaClient(IpaOptions options, const Clock& clock,
                                                         Random& random,
                                                         prometheus::Registry& registry) {
  RETURN_IF_ERROR(Check(options));
  ASSIGN_OR_RETURN(std::unique_ptr<SrvLookup> lookup, MakeAresSrvLookup(options.dns_server));
  return std::make_unique<ComposedIpaClient>(std::move(options), std::move(lookup), clock, random,
                                             registry);
}

}  // namespace innkeeper
