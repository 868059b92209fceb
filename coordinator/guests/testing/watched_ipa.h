#pragma once
// The FreeIPA in memory, with somebody who watches over what must never happen to it: a host that
// is not ours changed or deleted, a deletion without its announcement. Knows also which key of a
// host is the present one. Not thread-safe.

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "coordinator/guests/testing/fake_ipa_client.h"

namespace innkeeper {

class WatchedIpa final : public IpaClient {
 public:
  WatchedIpa(const ClusterId& cluster, const Clock& clock)
      : cluster_(cluster), directory_(cluster, clock) {}

  absl::StatusOr<IpaFacts> Facts(const Call& call) override;
  absl::StatusOr<HostRecord> ShowHost(const Fqdn& fqdn, const Call& call) override;
  absl::StatusOr<IssuedPassword> AddHost(const NewHost& host, const Call& call) override;
  absl::StatusOr<IssuedPassword> IssuePassword(const Fqdn& fqdn, const Call& call) override;
  absl::Status Retag(const Fqdn& fqdn, const OwnerTag& now, const OwnerTag& next,
                     const Call& call) override;
  absl::Status DisableHost(const Fqdn& fqdn, const Call& call) override;
  absl::Status DeleteHost(const Fqdn& fqdn, const Call& call) override;
  absl::Status AddToHostGroup(const std::string& group, const Fqdn& fqdn,
                              const Call& call) override;
  absl::StatusOr<std::vector<HostRecord>> FindHostsOf(const ClusterId& cluster,
                                                      const Call& call) override;
  absl::StatusOr<std::vector<HostRecord>> FindHostsDescribed(const std::string& prefix,
                                                             const Call& call) override;
  absl::Status ClaimHost(const HostClaim& claim, const Call& call) override;

  // ---- the guests' side
  // The number of the key that the guest now has.
  absl::StatusOr<int64_t> Join(const Fqdn& fqdn, const Secret& password);
  bool AcceptsKey(const Fqdn& fqdn, int64_t kvno);
  void Leave(const Fqdn& fqdn, int64_t kvno);

  // ---- the test's side
  FakeIpaClient& directory() { return directory_; }  // for outages
  // A host that somebody else made.
  void AddForeign(const Fqdn& fqdn, std::vector<std::string> user_classes = {});
  void DropKey(const Fqdn& fqdn);
  // Called before and after every call that writes, and before every look.
  std::function<void()> on_call = [] {};

  std::optional<HostRecord> Find(const Fqdn& fqdn) { return directory_.Find(fqdn); }
  int64_t KeyNumber(const Fqdn& fqdn) { return kvno_[fqdn]; }
  // What should never have happened; empty when all is well.
  const std::vector<std::string>& violations() const { return violations_; }

 private:
  void CheckOwn(const Fqdn& fqdn, const char* doing);
  template <class Work>
  auto Write(Work&& work) {
    on_call();
    auto result = work();
    on_call();
    return result;
  }

  const ClusterId cluster_;
  FakeIpaClient directory_;
  std::set<Fqdn> foreign_;
  std::map<Fqdn, int64_t> kvno_;
  std::vector<std::string> violations_;
};

}  // namespace innkeeper
