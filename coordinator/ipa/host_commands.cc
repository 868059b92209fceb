#include "coordinator/ipa/host_commands.h"

#include <utility>

namespace innkeeper {

std::string ClusterMark(const ClusterId& cluster) { return "innkeeper:" + cluster.text; }

absl::StatusOr<IpaCommand> ShowHostCommand(const Fqdn& fqdn) {
  return EncodeCommand(IpaEffect::kReads, "host_show", {fqdn.text}, {{"all", true}});
}

absl::StatusOr<IpaCommand> AddHostCommand(const NewHost& host) {
  std::vector<std::string> classes{host.owner.Text(), ClusterMark(host.owner.cluster)};
  if (!host.host_class.empty()) classes.push_back(host.host_class);
  // force: a guest that has never run has no address record yet.
  IpaOptionMap options{{"force", true}, {"userclass", std::move(classes)}};
  if (!host.description.empty()) options["description"] = host.description;
  if (host.password == PasswordWish::kRandom) options["random"] = true;
  return EncodeCommand(IpaEffect::kWrites, "host_add", {host.fqdn.text}, options);
}

absl::StatusOr<IpaCommand> IssuePasswordCommand(const Fqdn& fqdn) {
  return EncodeCommand(IpaEffect::kWrites, "host_mod", {fqdn.text}, {{"random", true}});
}

absl::StatusOr<IpaCommand> RetagCommand(const Fqdn& fqdn, const OwnerTag& now,
                                        const OwnerTag& next) {
  return EncodeCommand(IpaEffect::kWrites, "host_mod", {fqdn.text},
                       {{"delattr", std::vector<std::string>{"userclass=" + now.Text()}},
                        {"addattr", std::vector<std::string>{"userclass=" + next.Text()}}});
}

absl::StatusOr<IpaCommand> DisableHostCommand(const Fqdn& fqdn) {
  return EncodeCommand(IpaEffect::kWrites, "host_disable", {fqdn.text}, {});
}

absl::StatusOr<IpaCommand> DeleteHostCommand(const Fqdn& fqdn) {
  return EncodeCommand(IpaEffect::kWrites, "host_del", {std::vector<std::string>{fqdn.text}},
                       {{"updatedns", true}});
}

absl::StatusOr<IpaCommand> AddToHostGroupCommand(const std::string& group, const Fqdn& fqdn) {
  return EncodeCommand(IpaEffect::kWrites, "hostgroup_add_member", {group},
                       {{"host", std::vector<std::string>{fqdn.text}}});
}

// Limits of 0 lift FreeIPA's own (ipasearchrecordslimit, 100; ipasearchtimelimit) for any account
// and make it read page by page. The directory's still hold for accounts that are not its manager:
// FreeIPA sets nsslapd-sizelimit to 100,000 entries. Beyond, the answer says truncated, or is 4204.
absl::StatusOr<IpaCommand> FindHostsCommand(const ClusterId& cluster) {
  return EncodeCommand(IpaEffect::kReads, "host_find", {},
                       {{"userclass", std::vector<std::string>{ClusterMark(cluster)}},
                        {"pkey_only", true},
                        {"sizelimit", int64_t{0}},
                        {"timelimit", int64_t{0}}});
}

absl::StatusOr<IpaCommand> FindHostsCommand(const std::string& text) {
  return EncodeCommand(IpaEffect::kReads, "host_find", {text},
                       {{"pkey_only", true}, {"sizelimit", int64_t{0}}, {"timelimit", int64_t{0}}});
}

absl::StatusOr<IpaCommand> ClaimHostCommand(const HostClaim& claim) {
  return EncodeCommand(
      IpaEffect::kWrites, "host_mod", {claim.fqdn.text},
      {{"delattr", std::vector<std::string>{"description=" + claim.description}},
       {"addattr", std::vector<std::string>{"description=" + claim.new_description,
                                            "userclass=" + claim.owner.Text(),
                                            "userclass=" + ClusterMark(claim.owner.cluster)}}});
}

absl::StatusOr<HostRecord> HostOf(const IpaEntry& entry) {
  HostRecord host;
  // A directory may hold longer names than the default allows: only the form matters here.
  constexpr size_t kLongestName = 255;
  absl::StatusOr<Fqdn> fqdn = ParseFqdn(entry.First("fqdn"), kLongestName);
  if (!fqdn.ok()) return absl::InternalError("FreeIPA's host entry has no usable name");
  host.fqdn = *std::move(fqdn);
  host.dn = entry.First("dn");
  host.user_classes = entry.All("userclass");
  host.description = entry.First("description");
  host.host_groups = entry.All("memberof_hostgroup");
  host.has_password = entry.IsTrue("has_password");
  host.has_keytab = entry.IsTrue("has_keytab");
  if (host.has_keytab) host.keytab_since = ParseGeneralizedTime(entry.First("krblastpwdchange"));
  return host;
}

absl::StatusOr<IpaEntry> OnlyEntry(IpaAnswer answer) {
  if (answer.entries.size() != 1) return absl::InternalError("FreeIPA's answer holds no entry");
  return std::move(answer.entries.front());
}

absl::Status MembershipOf(const IpaAnswer& answer) {
  if (answer.refused.empty()) return absl::OkStatus();
  const std::string& reason = answer.refused.front().reason;
  if (reason == "This entry is already a member") return absl::OkStatus();
  // The directory's words differ with the rights of the caller.
  if (reason == "no such entry" || reason == "no matching entry found")
    return absl::NotFoundError("no such host: " + reason);
  if (reason.rfind("Insufficient access", 0) == 0) return absl::PermissionDeniedError(reason);
  return absl::InvalidArgumentError("FreeIPA does not add the host to the group: " + reason);
}

std::optional<absl::Time> ParseGeneralizedTime(const std::string& text) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime("%E4Y%m%d%H%M%SZ", text, absl::UTCTimeZone(), &time, &error))
    return std::nullopt;
  return time;
}

}  // namespace innkeeper
