#pragma once
// A libvirt daemon made by hand. Verbs change a domain and deliver the event a real daemon would,
// on the calling thread. Agent commands go to a function of the test.

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "vm/guest_agent/guest_agent.h"
#include "vm/hypervisor.h"

namespace innkeeper {

class FakeHypervisor final : public Hypervisor {
 public:
  // Answers one agent command (JSON in, JSON or a failure out); may block, on the caller's thread.
  using AgentScript =
      std::function<absl::StatusOr<std::string>(const DomainId&, const std::string&, const Call&)>;

  void Subscribe(std::function<void(const HypervisorEvent&)> sink) override;
  absl::Status Start() override;
  void Stop() override;
  bool connected() const override;
  std::string version() const override;
  absl::StatusOr<std::vector<DomainState>> ListDomains(const Call& call) override;
  absl::StatusOr<DomainState> ReadDomain(const DomainId& id, const Call& call) override;
  absl::StatusOr<std::vector<DomainState>> Sweep(const Call& call) override;
  absl::StatusOr<std::string> AgentCommand(const DomainId& id, const std::string& command,
                                           int seconds, const Call& call) override;

  // Verbs. A domain named in one must exist; ids and run numbers are the fake's to give out.
  void Define(const DomainState& domain);  // off, with the channel as given or disconnected
  void Undefine(const DomainId& id);       // a running one goes on, transient
  void Boot(const DomainId& id);           // a new run; the agent's port stays closed
  void ConnectAgent(const DomainId& id);
  void DisconnectAgent(const DomainId& id);
  void Pause(const DomainId& id);
  void Resume(const DomainId& id);
  void PowerOff(const DomainId& id);
  void Crash(const DomainId& id);
  void Reboot(const DomainId& id);       // the guest restarts within its run
  void MigrateAway(const DomainId& id);  // gone from here
  void SetWish(const DomainId& id, std::optional<DomainWish> wish, const std::string& error = {});
  // Changes a domain without any event, as when one was lost.
  void ChangeSilently(const DomainId& id, const std::function<void(DomainState&)>& change);
  void Emit(const HypervisorEvent& event);
  void LoseDaemon();
  void ReturnDaemon();

  // A frozen domain's agent calls block until the caller's deadline or stop, or Thaw.
  void Freeze(const DomainId& id);
  void Thaw(const DomainId& id);
  void SetAgentScript(AgentScript script);
  size_t agent_calls() const;
  // Blocks until that many agent calls wait for a frozen guest; false at the deadline.
  bool AwaitBlockedCalls(size_t count, const Call& call);

 private:
  enum class Presence { kStopped, kConnected, kLost };
  void Change(const DomainId& id, HypervisorEvent::Kind kind,
              const std::function<void(DomainState&)>& change);
  absl::Status Reachable(const Call& call) const;  // under mutex_
  absl::Status AgentReachable(const DomainId& id) const;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::function<void(const HypervisorEvent&)> sink_;
  Presence presence_ = Presence::kStopped;
  std::map<DomainId, DomainState> domains_;
  std::set<DomainId> frozen_;
  AgentScript script_;
  int next_run_ = 1;
  size_t agent_calls_ = 0;
  size_t blocked_calls_ = 0;
};

// A fresh random domain id, and a domain of that name with one.
DomainId RandomDomainId();
DomainState NewDomain(const std::string& name);

}  // namespace innkeeper
