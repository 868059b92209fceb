#include "coordinator/ipa/ipa_parts.h"

#include <algorithm>
#include <utility>

namespace innkeeper {
namespace {

constexpr Duration kQuickConnect = std::chrono::seconds(1);  // while another server is left
constexpr size_t kRequestsPerServer = 3;                     // two batches and a login
constexpr size_t kReplyCap = 32u << 20;  // bytes; 100,000 names of a host_find are 17 MiB

// curl's form of a server's addresses: "host:443:10.1.2.3,[2001:db8::1]".
std::string ResolveEntry(const ServerAddress& server) {
  std::string entry = server.name + ":443:";
  for (const std::string& address : server.addresses) {
    if (&address != &server.addresses.front()) entry += ',';
    entry += address.find(':') == std::string::npos ? address : "[" + address + "]";
  }
  return entry;
}

}  // namespace

absl::Status CheckIpaOptions(const IpaOptions& options) {
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

IpaAccount::IpaAccount(IpaOptions options, const Clock& clock, prometheus::Registry& registry)
    : options_(std::move(options)),
      metrics_(registry),
      brake_(clock),
      account_{options_.user, std::move(options_.password)},
      tickets_(options_.principal.empty()
                   ? nullptr
                   : MakeKeytabTickets({options_.principal, options_.keytab})) {}

absl::StatusOr<std::unique_ptr<IpaServer>> IpaAccount::MakeServer(ServerAddress at,
                                                                  Duration connect_timeout) {
  HttpClient::Options http;
  http.ca_file = options_.ca_file;
  http.resolve = options_.resolve;
  http.connections = kRequestsPerServer;
  http.reply_cap = kReplyCap;
  http.connect_timeout = connect_timeout;
  const std::string configured = ConfiguredAddress(at.name);
  if (!configured.empty()) {
    at.addresses = {configured};
  } else if (!at.addresses.empty()) {
    http.resolve.push_back(ResolveEntry(at));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<HttpClient> made, HttpClient::Create(std::move(http)));
  return std::make_unique<IpaServer>(
      at, std::move(made),
      LoginParts{tickets_ ? nullptr : &account_, tickets_.get(), &brake_, &metrics_});
}

std::string IpaAccount::ConfiguredAddress(const std::string& server) const {
  const std::string prefix = server + ":443:";
  for (const std::string& entry : options_.resolve) {
    if (entry.rfind(prefix, 0) == 0) return entry.substr(prefix.size());
  }
  return "";
}

IpaParts::IpaParts(IpaOptions options, std::unique_ptr<SrvLookup> dns, const Clock& clock,
                   Random& random, prometheus::Registry& registry)
    : account(std::move(options), clock, registry),
      lookup(std::move(dns)),
      servers({.domain = account.options().domain,
               .servers = account.options().servers,
               .look_up_addresses = !account.options().dns_server.empty()},
              *lookup, clock, random) {}

absl::StatusOr<std::unique_ptr<IpaServer>> IpaParts::Connect(const ServerAddress& at) {
  const Duration patience = account.options().connect_timeout;
  return account.MakeServer(at, servers.size() > 1 ? std::min(kQuickConnect, patience) : patience);
}

}  // namespace innkeeper
