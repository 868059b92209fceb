#pragma once
// A FreeIPA in memory that watches over what must never happen to it: a host that is not ours
// changed or deleted, a deletion without its announcement. Not thread-safe.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "coordinator/guests/ipa_client.h"

namespace innkeeper {

class WatchedIpa final : public IpaClient {
 public:
  explicit WatchedIpa(ClusterId cluster) : cluster_(std::move(cluster)) {}

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

  // ---- the guests' side
  absl::StatusOr<int64_t> Join(const Fqdn& fqdn, const Secret& password);
  bool AcceptsKey(const Fqdn& fqdn, int64_t kvno) const;
  void Leave(const Fqdn& fqdn, int64_t kvno);

  // ---- the test's side
  // A host that somebody else made.
  void AddForeign(const Fqdn& fqdn, std::vector<std::string> user_classes = {});
  void AddGroup(const std::string& group) { groups_[group]; }
  // Every call fails with it until OK.
  void Fail(absl::Status outage) { outage_ = std::move(outage); }
  // The next write does its work, but its answer is lost.
  void LoseNextAnswer() { lose_answer_ = true; }
  // The next write does its work only when Land is called (as time passes); its answer is lost.
  void DelayNextWrite() { delay_write_ = true; }
  void Land();
  // Called before and after every call.
  std::function<void()> on_call = [] {};

  struct Host {
    HostRecord record;
    std::string password;
    int64_t kvno = 0;
    bool foreign = false;
  };
  Host* Find(const Fqdn& fqdn);
  size_t size() const { return hosts_.size(); }
  void Erase(const Fqdn& fqdn) { hosts_.erase(fqdn); }
  // What should never have happened; empty when all is well.
  const std::vector<std::string>& violations() const { return violations_; }
  size_t deletes() const { return deletes_; }

 private:
  absl::Status Write(const std::function<absl::Status()>& work);
  Host* OwnHost(const Fqdn& fqdn, const char* doing);
  IssuedPassword NewPassword(Host& host);

  const ClusterId cluster_;
  std::map<Fqdn, Host> hosts_;
  std::map<std::string, std::vector<Fqdn>> groups_;
  std::vector<std::function<absl::Status()>> delayed_;
  std::vector<std::string> violations_;
  absl::Status outage_;
  bool lose_answer_ = false, delay_write_ = false;
  int next_password_ = 1;
  size_t deletes_ = 0;
};

}  // namespace innkeeper
