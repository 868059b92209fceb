#include "coordinator/guests/testing/watched_ipa.h"

#include <utility>

namespace innkeeper {

void WatchedIpa::CheckOwn(const Fqdn& fqdn, const char* doing) {
  const std::optional<HostRecord> host = directory_.Find(fqdn);
  if (!host) return;
  const std::optional<OwnerTag> tag = host->Owner();
  if (foreign_.contains(fqdn) || !tag || tag->cluster != cluster_)
    violations_.push_back(std::string(doing) + " of foreign " + fqdn.text);
}

absl::StatusOr<IpaFacts> WatchedIpa::Facts(const Call& call) { return directory_.Facts(call); }

absl::StatusOr<HostRecord> WatchedIpa::ShowHost(const Fqdn& fqdn, const Call& call) {
  on_call();
  return directory_.ShowHost(fqdn, call);
}

absl::StatusOr<IssuedPassword> WatchedIpa::AddHost(const NewHost& host, const Call& call) {
  return Write([&] { return directory_.AddHost(host, call); });
}

absl::StatusOr<IssuedPassword> WatchedIpa::IssuePassword(const Fqdn& fqdn, const Call& call) {
  CheckOwn(fqdn, "a password");
  return Write([&] { return directory_.IssuePassword(fqdn, call); });
}

absl::Status WatchedIpa::Retag(const Fqdn& fqdn, const OwnerTag& now, const OwnerTag& next,
                               const Call& call) {
  CheckOwn(fqdn, "a tag");
  return Write([&] { return directory_.Retag(fqdn, now, next, call); });
}

absl::Status WatchedIpa::DisableHost(const Fqdn& fqdn, const Call& call) {
  CheckOwn(fqdn, "a disabling");
  return Write([&] { return directory_.DisableHost(fqdn, call); });
}

absl::Status WatchedIpa::DeleteHost(const Fqdn& fqdn, const Call& call) {
  CheckOwn(fqdn, "a deletion");
  const std::optional<HostRecord> host = directory_.Find(fqdn);
  if (host && !(host->Owner() && host->Owner()->deleting_term))
    violations_.push_back("a deletion without its announcement: " + fqdn.text);
  return Write([&] { return directory_.DeleteHost(fqdn, call); });
}

absl::Status WatchedIpa::AddToHostGroup(const std::string& group, const Fqdn& fqdn,
                                        const Call& call) {
  return Write([&] { return directory_.AddToHostGroup(group, fqdn, call); });
}

absl::StatusOr<std::vector<HostRecord>> WatchedIpa::FindHostsOf(const ClusterId& cluster,
                                                                const Call& call) {
  return directory_.FindHostsOf(cluster, call);
}

absl::StatusOr<std::vector<HostRecord>> WatchedIpa::FindHostsDescribed(const std::string& prefix,
                                                                       const Call& call) {
  return directory_.FindHostsDescribed(prefix, call);
}

absl::Status WatchedIpa::ClaimHost(const HostClaim& claim, const Call& call) {
  if (foreign_.contains(claim.fqdn)) violations_.push_back("a claim of foreign " + claim.fqdn.text);
  return Write([&] { return directory_.ClaimHost(claim, call); });
}

absl::StatusOr<int64_t> WatchedIpa::Join(const Fqdn& fqdn, const Secret& password) {
  RETURN_IF_ERROR(directory_.Join(fqdn, password));
  return ++kvno_[fqdn];
}

bool WatchedIpa::AcceptsKey(const Fqdn& fqdn, int64_t kvno) {
  const std::optional<HostRecord> host = directory_.Find(fqdn);
  return host && host->has_keytab && kvno_[fqdn] == kvno;
}

void WatchedIpa::Leave(const Fqdn& fqdn, int64_t kvno) {
  if (AcceptsKey(fqdn, kvno)) DropKey(fqdn);
}

void WatchedIpa::DropKey(const Fqdn& fqdn) {
  std::optional<HostRecord> host = directory_.Find(fqdn);
  if (!host) return;
  host->has_keytab = false;
  host->keytab_since.reset();
  directory_.PutHost(*std::move(host));
}

void WatchedIpa::AddForeign(const Fqdn& fqdn, std::vector<std::string> user_classes) {
  HostRecord host;
  host.fqdn = fqdn;
  host.user_classes = std::move(user_classes);
  directory_.PutHost(std::move(host));
  foreign_.insert(fqdn);
}

}  // namespace innkeeper
