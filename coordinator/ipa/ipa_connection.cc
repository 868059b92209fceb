#include <utility>

#include "coordinator/ipa/host_commands.h"
#include "coordinator/ipa/ipa.h"
#include "coordinator/ipa/ipa_parts.h"
#include "coordinator/ipa/keytab_request.h"

namespace innkeeper {
namespace {

class SingleServer final : public IpaConnection {
 public:
  SingleServer(IpaOptions options, const Clock& clock, prometheus::Registry& registry)
      : account_(std::move(options), clock, registry) {}

  absl::Status Open() {
    const IpaOptions& options = account_.options();
    if (options.servers.empty()) return absl::InvalidArgumentError("FreeIPA: name a server");
    ASSIGN_OR_RETURN(server_,
                     account_.MakeServer({options.servers.front(), {}}, options.connect_timeout));
    return absl::OkStatus();
  }

  IpaDispatcher& dispatcher() override { return server_->dispatcher(); }

  absl::Status MakeKeytab(const std::string& principal, const std::string& path,
                          const Call& call) override {
    const IpaOptions& options = account_.options();
    const std::string& server = options.servers.front();
    if (options.user.empty())
      return absl::FailedPreconditionError("making a keytab needs a login with a password");
    ASSIGN_OR_RETURN(const std::string base_dn, BaseDn(call));
    const LdapConnection::Target target{server, account_.ConfiguredAddress(server),
                                        options.ca_file};
    ASSIGN_OR_RETURN(
        const auto directory,
        LdapConnection::Bind(target, "uid=" + options.user + ",cn=users,cn=accounts," + base_dn,
                             account_.password(), call));
    return FetchKeytab(*directory, principal, path, call);
  }

 private:
  absl::StatusOr<std::string> BaseDn(const Call& call) {
    const std::vector<std::string> names{"basedn"};
    ASSIGN_OR_RETURN(IpaCommand env, EncodeCommand(IpaEffect::kReads, "env", {names}, {}));
    ASSIGN_OR_RETURN(IpaAnswer answer, dispatcher().Run(std::move(env), call));
    if (answer.error) return StatusOf(*answer.error);
    ASSIGN_OR_RETURN(const IpaEntry values, OnlyEntry(std::move(answer)));
    const std::string base_dn = values.First("basedn");
    if (base_dn.empty()) return absl::InternalError("FreeIPA does not tell its base DN");
    return base_dn;
  }

  IpaAccount account_;
  std::unique_ptr<IpaServer> server_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<IpaConnection>> IpaConnection::Create(
    IpaOptions options, const Clock& clock, prometheus::Registry& registry) {
  RETURN_IF_ERROR(CheckIpaOptions(options));
  auto connection = std::make_unique<SingleServer>(std::move(options), clock, registry);
  RETURN_IF_ERROR(connection->Open());
  return connection;
}

}  // namespace innkeeper
