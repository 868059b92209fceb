#pragma once
// A FreeIPA in memory, as one cluster's account sees it: the same answers, the same refusals, the
// same tag that decides what may be done (docs/adr/0003-freeipa-enforces-the-tag.md), and outages
// on demand. It passes the contract test that the real client passes. Thread-safe; never blocks.

#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "coordinator/guests/ipa_client.h"

namespace innkeeper {

class FakeIpaClient final : public IpaClient {
 public:
  // The account may do to hosts what the role of `cluster` allows. The clock outlives the fake.
  FakeIpaClient(ClusterId cluster, const Clock& clock);

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

  // --- what happens outside

  // An administrator lets this account take over virt-ipa-joiner's hosts, or no longer.
  void GrantClaims(bool granted);

  // A guest joins: PERMISSION_DENIED ("Invalid credentials") unless the password is the waiting
  // one, which is then used up.
  absl::Status Join(const Fqdn& fqdn, const Secret& password);
  // Somebody else puts, or replaces, a host as it is; also takes one away.
  void PutHost(HostRecord host);
  void EraseHost(const Fqdn& fqdn);
  void PutHostGroup(const std::string& group);

  // --- bad days

  // Every call fails like this, having done nothing; an OK status ends it.
  void FailAll(absl::Status outage);
  // The next call (of the kinds that write, if so chosen) fails like this, having done nothing.
  enum class Which { kAny, kWrites };
  void FailNext(absl::Status failure, Which which = Which::kAny);
  // No write is done or answered: its caller waits until the call's deadline.
  void HangWrites();
  // The server's search limits: a list of more hosts is cut short there, and refused here.
  void LimitSearches(size_t hosts);
  // The next write happens, but its caller gets UNAVAILABLE with OutcomeUnknown.
  void LoseNextAnswer();
  // The next write does not happen now but when DeliverLateWrites is called; its caller gets
  // UNAVAILABLE with OutcomeUnknown at once.
  void DelayNextWrite();
  void DeliverLateWrites();

  // --- looking behind the curtain

  std::optional<HostRecord> Find(const Fqdn& fqdn);
  // The one-time password that waits, or empty.
  std::string WaitingPassword(const Fqdn& fqdn);
  size_t host_count();
  size_t passwords_issued();

 private:
  struct Host {
    HostRecord record;
    std::string password;  // waiting; empty: none
  };
  enum class Answer { kGiven, kLost, kLate };
  struct Directory {
    std::map<Fqdn, Host> hosts;
    std::set<std::string> groups;
    absl::Status outage;
    std::optional<std::pair<absl::Status, Which>> next_failure;
    Answer next_answer = Answer::kGiven;
    bool writes_hang = false;
    bool claims_granted = false;
    std::vector<std::function<void(Directory&)>> late;
    size_t passwords = 0;
    size_t search_limit = std::numeric_limits<size_t>::max();
  };

  static absl::Status Trouble(Directory& d, Which kind);
  static std::string NewPassword(Directory& d);
  bool Carries(const Host& host, bool deleting) const;
  absl::Status Denied(const std::string& what) const;
  static absl::Status LostAnswer();
  // Runs a write, honouring the trouble that was ordered.
  template <class Wanted>
  absl::StatusOr<std::vector<HostRecord>> Search(const Wanted& wanted, const Call& call);
  template <class Result>
  Result Write(const Call& call, const std::function<Result(Directory&)>& write);
  absl::StatusOr<IssuedPassword> Add(Directory& d, const NewHost& host) const;
  absl::StatusOr<IssuedPassword> Issue(Directory& d, const Fqdn& fqdn) const;
  absl::Status Swap(Directory& d, const Fqdn& fqdn, const OwnerTag& now,
                    const OwnerTag& next) const;
  absl::Status Claim(Directory& d, const HostClaim& claim) const;
  absl::Status Disable(Directory& d, const Fqdn& fqdn) const;
  absl::Status Delete(Directory& d, const Fqdn& fqdn) const;
  absl::Status AddMember(Directory& d, const std::string& group, const Fqdn& fqdn) const;

  const ClusterId cluster_;
  const Clock& clock_;
  Guarded<Directory> directory_;
};

}  // namespace innkeeper
