#include <algorithm>
#include <utility>

#include "coordinator/ipa/ipa.h"
#include "coordinator/ipa/ipa_parts.h"
#include "coordinator/ipa/jsonrpc_ipa_client.h"
#include "coordinator/ipa/keytab_request.h"

namespace innkeeper {
namespace {

class SingleServer final : public IpaConnection {
 public:
  SingleServer(IpaOptions options, std::unique_ptr<SrvLookup> dns, const Clock& clock,
               Random& random, prometheus::Registry& registry)
      : parts_(std::move(options), std::move(dns), clock, random, registry) {}

  // A client finds out which server answers; from then on it is that one alone.
  absl::Status Find(const Clock& clock, const Call& call) {
    JsonRpcIpaClient any(
        parts_.servers, [this](const ServerAddress& at) { return parts_.Connect(at); }, clock);
    ASSIGN_OR_RETURN(const IpaFacts facts, any.Facts(call));
    ASSIGN_OR_RETURN(const std::vector<ServerAddress> known, parts_.servers.Order(call));
    base_dn_ = facts.base_dn;
    const auto found = std::find_if(known.begin(), known.end(), [&](const ServerAddress& server) {
      return server.name == facts.server;
    });
    address_ = found == known.end() ? ServerAddress{facts.server, {}} : *found;
    ASSIGN_OR_RETURN(server_, parts_.Connect(address_));
    return absl::OkStatus();
  }

  IpaDispatcher& dispatcher() override { return server_->dispatcher(); }
  const std::string& server() const override { return address_.name; }

  absl::Status MakeKeytab(const std::string& principal, const std::string& path,
                          const Call& call) override {
    const IpaOptions& options = parts_.account.options();
    if (options.user.empty())
      return absl::FailedPreconditionError("making a keytab needs a login with a password");
    const std::string dn = "uid=" + options.user + ",cn=users,cn=accounts," + base_dn_;
    const LdapConnection::Target target{address_.name, WhereToConnect(), options.ca_file};
    ASSIGN_OR_RETURN(const auto directory,
                     LdapConnection::Bind(target, dn, parts_.account.password(), call));
    return FetchKeytab(*directory, principal, path, call);
  }

 private:
  // Empty: whatever the system resolves.
  std::string WhereToConnect() const {
    const std::string configured = parts_.account.ConfiguredAddress(address_.name);
    if (!configured.empty() || address_.addresses.empty()) return configured;
    return address_.addresses.front();
  }

  IpaParts parts_;
  ServerAddress address_;
  std::string base_dn_;
  std::unique_ptr<IpaServer> server_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<IpaConnection>> IpaConnection::Open(IpaOptions options,
                                                                   const Clock& clock,
                                                                   Random& random,
                                                                   prometheus::Registry& registry,
                                                                   const Call& call) {
  RETURN_IF_ERROR(CheckIpaOptions(options));
  ASSIGN_OR_RETURN(std::unique_ptr<SrvLookup> dns, MakeAresSrvLookup(options.dns_server));
  auto connection =
      std::make_unique<SingleServer>(std::move(options), std::move(dns), clock, random, registry);
  RETURN_IF_ERROR(connection->Find(clock, call));
  return connection;
}

}  // namespace innkeeper
