#include "coordinator/ipa/directory_wishes.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"

namespace innkeeper {
namespace {

using Names = std::vector<std::string>;
constexpr size_t kLongestUserName = 32;  // FreeIPA's default limit

// Tried: these suffice for random, host_disable and retagging. Only written, never read: a
// password's hash must not even reach this program.
const Names kChangedAttributes{"userpassword", "krbprincipalkey", "krblastpwdchange", "userclass",
                               "description"};

std::set<std::string> LowerSet(const Names& names) {
  std::set<std::string> lower;
  for (const std::string& name : names) lower.insert(absl::AsciiStrToLower(name));
  return lower;
}

bool Holds(const IpaEntry& entry, const std::string& attribute, const Names& wanted) {
  const std::set<std::string> there = LowerSet(entry.All(attribute));
  const std::set<std::string> lower = LowerSet(wanted);
  return std::includes(there.begin(), there.end(), lower.begin(), lower.end());
}

// Builds commands and remembers the first that could not be encoded.
class Encoder {
 public:
  IpaCommand Read(const std::string& method, const std::string& name) {
    return Take(EncodeCommand(IpaEffect::kReads, method, {name}, {{"all", true}}));
  }
  IpaCommand Write(const std::string& method, const std::string& name, IpaOptionMap options) {
    return Take(EncodeCommand(IpaEffect::kWrites, method, {name}, options));
  }
  absl::Status status() const { return status_; }

 private:
  IpaCommand Take(absl::StatusOr<IpaCommand> command) {
    if (command.ok()) return *std::move(command);
    if (status_.ok()) status_ = command.status();
    return {};
  }
  absl::Status status_;
};

struct Permission {
  std::string name, type, filter;
  Names rights, attributes;
};

DirectoryWish PermissionWish(const Permission& p, Encoder& encoder) {
  IpaOptionMap options{{"extratargetfilter", Names{p.filter}}, {"ipapermright", p.rights}};
  if (!p.attributes.empty()) options["attrs"] = p.attributes;
  IpaOptionMap created = options;
  created["type"] = p.type;
  const auto lacks = [p](const IpaEntry& entry) -> std::string {
    if (LowerSet(entry.All("extratargetfilter")) != LowerSet({p.filter}))
      return "its filter is not " + p.filter;
    if (LowerSet(entry.All("ipapermright")) != LowerSet(p.rights)) return "it gives other rights";
    if (LowerSet(entry.All("attrs")) != LowerSet(p.attributes)) return "it names other attributes";
    return "";
  };
  return {"permission " + p.name, encoder.Read("permission_show", p.name),
          encoder.Write("permission_add", p.name, created), lacks,
          encoder.Write("permission_mod", p.name, options)};
}

// An entry that has to be there and to hold `wanted` in `attribute`, by `add_method`.
DirectoryWish HolderWish(const std::string& what, const std::string& name, IpaCommand show,
                         IpaCommand change, const std::string& attribute, const Names& wanted) {
  const auto lacks = [=](const IpaEntry& entry) -> std::string {
    return Holds(entry, attribute, wanted) ? "" : "it lacks some";
  };
  return {what + " " + name, std::move(show), change, lacks, change};
}

DirectoryWish PlainWish(const std::string& what, const std::string& name, IpaCommand show,
                        IpaCommand create) {
  return {what + " " + name,
          std::move(show),
          std::move(create),
          [](const IpaEntry&) { return std::string(); },
          {}};
}

bool IsPlainName(const std::string& text) {
  return !text.empty() && text.size() <= 128 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.';
         });
}

// All of it ends up in LDAP filters and in names of permissions.
absl::Status Check(const SetupOptions& options) {
  if (!IsPlainName(options.cluster.text))
    return absl::InvalidArgumentError("cluster id: letters, digits and '-' only");
  for (const Names* names : {&options.host_groups, &options.dns_zones}) {
    for (const std::string& name : *names) {
      if (!IsPlainName(name)) return absl::InvalidArgumentError("not a plain name: " + name);
    }
  }
  return absl::OkStatus();
}

std::vector<Permission> Permissions(const SetupOptions& options) {
  const std::string base = RoleName(options) + " ";
  const std::string ours = "(userclass=innkeeper:" + options.cluster.text + ":";
  std::vector<Permission> permissions{
      {base + "add hosts", "host", ours + "*)", {"add"}, {}},
      {base + "change hosts", "host", ours + "*)", {"write"}, kChangedAttributes},
      {base + "delete hosts", "host", ours + "deleting:*)", {"delete"}, {}}};
  for (const std::string& group : options.host_groups)
    permissions.push_back(
        {base + "group " + group, "hostgroup", "(cn=" + group + ")", {"write"}, {"member"}});
  return permissions;
}

// What FreeIPA has already and cannot be narrowed to our hosts.
Names BuiltInPermissions(const SetupOptions& options) {
  Names names;
  if (options.revoke_certificates)
    names = {"Revoke Certificate", "Retrieve Certificates from the CA"};
  if (!options.dns_zones.empty()) names.push_back("System: Read DNS Entries");
  for (const std::string& zone : options.dns_zones) names.push_back("Manage DNS zone " + zone);
  return names;
}

}  // namespace

std::string RoleName(const SetupOptions& options) { return "Innkeeper " + options.cluster.text; }

std::string AccountName(const SetupOptions& options) {
  if (options.account == AccountKind::kService)
    return "innkeeper/" + options.coordinator_host + "@" + options.realm;
  if (!options.user.empty()) return options.user;
  return ("innkeeper-" + absl::AsciiStrToLower(options.cluster.text)).substr(0, kLongestUserName);
}

absl::StatusOr<std::vector<DirectoryWish>> RoleWishes(const SetupOptions& options) {
  RETURN_IF_ERROR(Check(options));
  Encoder encoder;
  std::vector<DirectoryWish> wishes;
  for (const std::string& group : options.host_groups)
    wishes.push_back(PlainWish("host group", group, encoder.Read("hostgroup_show", group),
                               encoder.Write("hostgroup_add", group, {})));
  Names held = BuiltInPermissions(options);
  for (const Permission& permission : Permissions(options)) {
    wishes.push_back(PermissionWish(permission, encoder));
    held.push_back(permission.name);
  }
  for (const std::string& zone : options.dns_zones)
    wishes.push_back(PlainWish("permission for DNS zone", zone,
                               encoder.Read("permission_show", "Manage DNS zone " + zone),
                               encoder.Write("dnszone_add_permission", zone, {})));
  const std::string name = RoleName(options);
  const std::string about = "innkeeper-coordinator of cluster " + options.cluster.text;
  wishes.push_back(PlainWish("privilege", name, encoder.Read("privilege_show", name),
                             encoder.Write("privilege_add", name, {{"description", about}})));
  wishes.push_back(
      HolderWish("permissions of privilege", name, encoder.Read("privilege_show", name),
                 encoder.Write("privilege_add_permission", name, {{"permission", held}}),
                 "memberof_permission", held));
  wishes.push_back(PlainWish("role", name, encoder.Read("role_show", name),
                             encoder.Write("role_add", name, {{"description", about}})));
  wishes.push_back(
      HolderWish("privilege of role", name, encoder.Read("role_show", name),
                 encoder.Write("role_add_privilege", name, {{"privilege", Names{name}}}),
                 "memberof_privilege", {name}));
  RETURN_IF_ERROR(encoder.status());
  return wishes;
}

absl::StatusOr<DirectoryWish> MembershipWish(const SetupOptions& options) {
  Encoder encoder;
  const std::string role = RoleName(options), account = AccountName(options);
  const bool user = options.account == AccountKind::kUser;
  const std::string option = user ? "user" : "service";
  DirectoryWish wish =
      HolderWish("role of " + option, account, encoder.Read("role_show", role),
                 encoder.Write("role_add_member", role, {{option, Names{account}}}),
                 user ? "member_user" : "member_service", {account});
  RETURN_IF_ERROR(encoder.status());
  return wish;
}

absl::StatusOr<std::vector<DirectoryWish>> ServiceWishes(const SetupOptions& options) {
  RETURN_IF_ERROR(ParseFqdn(options.coordinator_host, 255).status());
  if (options.realm.empty()) return absl::InvalidArgumentError("no realm");
  Encoder encoder;
  const std::string service = AccountName(options);
  std::vector<DirectoryWish> wishes{
      PlainWish("host", options.coordinator_host,
                encoder.Read("host_show", options.coordinator_host),
                encoder.Write("host_add", options.coordinator_host, {{"force", true}})),
      PlainWish("service", service, encoder.Read("service_show", service),
                encoder.Write("service_add", service, {{"force", true}}))};
  RETURN_IF_ERROR(encoder.status());
  return wishes;
}

}  // namespace innkeeper
