#include "coordinator/ipa/testing/real_ipa.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "coordinator/ipa/directory_wishes.h"
#include "coordinator/ipa/dispatcher.h"
#include "coordinator/ipa/keytab_request.h"

namespace innkeeper {
namespace {

constexpr char kJoinOid[] = "2.16.840.1.113730.3.8.10.3";
constexpr Duration kPatience = std::chrono::seconds(60);

absl::Status Take(const char* name, std::string& to) {
  const char* value = std::getenv(name);
  if (!value || !*value)
    return absl::FailedPreconditionError(std::string(name) +
                                         " is not set: eval $(tests/env/env freeipa env)");
  to = value;
  return absl::OkStatus();
}

std::string BaseDn(const std::string& domain) {
  std::string dn = "dc=";
  for (const char c : domain) dn += c == '.' ? std::string(",dc=") : std::string(1, c);
  return dn;
}

}  // namespace

absl::StatusOr<RealIpaPlace> RealIpaPlace::FromEnvironment() {
  RealIpaPlace place;
  RETURN_IF_ERROR(Take("IPA_SERVER", place.server));
  RETURN_IF_ERROR(Take("IPA_IP", place.address));
  RETURN_IF_ERROR(Take("IPA_DOMAIN", place.domain));
  RETURN_IF_ERROR(Take("IPA_REALM", place.realm));
  RETURN_IF_ERROR(Take("IPA_ADMIN_PASSWORD", place.admin_password));
  RETURN_IF_ERROR(Take("IPA_CA_FILE", place.ca_file));
  if (!Take("IPA_DNS", place.dns).ok()) place.dns = place.address;
  return place;
}

IpaOptions RealIpaPlace::AsNobody() const {
  IpaOptions options;
  options.domain = domain;
  options.dns_server = dns;
  options.ca_file = ca_file;
  return options;
}

IpaOptions RealIpaPlace::AsAdmin() const {
  IpaOptions options = AsNobody();
  options.user = "admin";
  options.password = Secret(std::string(admin_password));
  return options;
}

absl::StatusOr<std::unique_ptr<RealIpaAdmin>> RealIpaAdmin::Connect() {
  ASSIGN_OR_RETURN(RealIpaPlace place, RealIpaPlace::FromEnvironment());
  std::unique_ptr<RealIpaAdmin> admin(new RealIpaAdmin(std::move(place)));
  ASSIGN_OR_RETURN(admin->connection_,
                   IpaConnection::Open(admin->place_.AsAdmin(), admin->clock_, admin->random_,
                                       admin->registry_, Call::Within(kPatience)));
  return admin;
}

absl::StatusOr<IpaAnswer> RealIpaAdmin::Ask(const std::string& method,
                                            const std::vector<IpaValue>& arguments,
                                            const IpaOptionMap& options) {
  ASSIGN_OR_RETURN(IpaCommand command,
                   EncodeCommand(IpaEffect::kWrites, method, arguments, options));
  ASSIGN_OR_RETURN(IpaAnswer answer,
                   connection_->dispatcher().Run(std::move(command), Call::Within(kPatience)));
  if (answer.error) return StatusOf(*answer.error);
  return answer;
}

absl::Status RealIpaAdmin::Run(const std::string& method, const std::vector<IpaValue>& arguments,
                               const IpaOptionMap& options) {
  const absl::Status done = Ask(method, arguments, options).status();
  const bool fine = absl::IsNotFound(done) || absl::IsAlreadyExists(done);
  return fine ? absl::OkStatus() : done;
}

absl::Status RealIpaAdmin::Join(const Fqdn& fqdn, const Secret& password) {
  const Call call = Call::Within(kPatience);
  const std::string dn = "fqdn=" + fqdn.text + ",cn=computers,cn=accounts," + BaseDn(place_.domain);
  ASSIGN_OR_RETURN(
      const auto directory,
      LdapConnection::Bind({place_.server, place_.address, place_.ca_file}, dn, password, call));
  RETURN_IF_ERROR(directory->Extended(kJoinOid, fqdn.text, call).status());
  const ScratchFolder scratch;
  return FetchKeytab(*directory, "host/" + fqdn.text + "@" + place_.realm,
                     scratch.path() + "/keytab", call);
}

void RealIpaAdmin::RemoveSetup(const SetupOptions& options) {
  using Names = std::vector<std::string>;
  const std::string role = RoleName(options), account = AccountName(options);
  static_cast<void>(Run("role_del", {Names{role}}, {}));
  static_cast<void>(Run("privilege_del", {Names{role}}, {}));
  Names permissions{role + " add hosts", role + " change hosts", role + " delete hosts",
                    role + " adopt virt-ipa-joiner"};
  for (const std::string& group : options.host_groups)
    permissions.push_back(role + " group " + group);
  for (const std::string& permission : permissions)
    static_cast<void>(Run("permission_del", {Names{permission}}, {}));
  for (const std::string& group : options.host_groups)
    static_cast<void>(Run("hostgroup_del", {Names{group}}, {}));
  if (options.account == AccountKind::kUser) {
    static_cast<void>(Run("user_del", {Names{account}}, {}));
  } else {
    static_cast<void>(Run("host_del", {Names{options.coordinator_host}}, {}));
  }
}

ScratchFolder::ScratchFolder() {
  path_ = (std::filesystem::temp_directory_path() / "innkeeper-test.XXXXXX").string();
  if (!mkdtemp(path_.data())) std::abort();
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Secret ReadSecretFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return Secret(std::string(std::istreambuf_iterator<char>(in), {}));
}

}  // namespace innkeeper
