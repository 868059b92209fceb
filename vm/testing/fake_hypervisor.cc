#include "vm/testing/fake_hypervisor.h"

#include "base/log.h"
#include "base/random.h"

namespace innkeeper {

using Kind = HypervisorEvent::Kind;

DomainId RandomDomainId() {
  std::string hex = RandomHex(16);
  hex[12] = '4';  // version and variant of RFC 4122
  hex[16] = '8';
  return {hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
          hex.substr(16, 4) + "-" + hex.substr(20)};
}

DomainState NewDomain(const std::string& name) {
  DomainState domain;
  domain.id = RandomDomainId();
  domain.name = name;
  return domain;
}

void FakeHypervisor::Subscribe(std::function<void(const HypervisorEvent&)> sink) {
  std::scoped_lock lock(mutex_);
  sink_ = std::move(sink);
}

absl::Status FakeHypervisor::Start() {
  ReturnDaemon();
  return absl::OkStatus();
}

void FakeHypervisor::Stop() {
  {
    std::scoped_lock lock(mutex_);
    presence_ = Presence::kStopped;
  }
  changed_.notify_all();
}

bool FakeHypervisor::connected() const {
  std::scoped_lock lock(mutex_);
  return presence_ == Presence::kConnected;
}

std::string FakeHypervisor::version() const { return "fake 1.0"; }

absl::Status FakeHypervisor::Reachable(const Call& call) const {
  RETURN_IF_ERROR(call.Check("fake hypervisor"));
  return presence_ == Presence::kConnected
             ? absl::OkStatus()
             : AgentError(AgentFailure::kDaemonLost, "the fake daemon is away");
}

absl::StatusOr<std::vector<DomainState>> FakeHypervisor::ListDomains(const Call& call) {
  std::scoped_lock lock(mutex_);
  RETURN_IF_ERROR(Reachable(call));
  std::vector<DomainState> all;
  for (const auto& [id, domain] : domains_) all.push_back(domain);
  return all;
}

absl::StatusOr<DomainState> FakeHypervisor::ReadDomain(const DomainId& id, const Call& call) {
  std::scoped_lock lock(mutex_);
  RETURN_IF_ERROR(Reachable(call));
  const auto found = domains_.find(id);
  if (found == domains_.end()) return AgentError(AgentFailure::kDomainGone, id.uuid);
  return found->second;
}

absl::StatusOr<std::vector<DomainState>> FakeHypervisor::Sweep(const Call& call) {
  ASSIGN_OR_RETURN(const std::vector<DomainState> all, ListDomains(call));
  std::vector<DomainState> swept;
  for (const DomainState& domain : all) {
    DomainState& out = swept.emplace_back();
    out.id = domain.id;
    out.name = domain.name;
    out.run_state = domain.run_state;
    out.run_number = domain.run_number;
  }
  return swept;
}

absl::Status FakeHypervisor::AgentReachable(const DomainId& id) const {
  const auto found = domains_.find(id);
  if (found == domains_.end()) return AgentError(AgentFailure::kDomainGone, id.uuid);
  if (found->second.run_state != RunState::kRunning) {
    return AgentError(AgentFailure::kNotRunning, "");
  }
  if (found->second.channel == AgentChannel::kAbsent) {
    return AgentError(AgentFailure::kNoChannel, "");
  }
  if (found->second.channel != AgentChannel::kConnected) {
    return AgentError(AgentFailure::kNotConnected, "");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> FakeHypervisor::AgentCommand(const DomainId& id,
                                                         const std::string& command, int seconds,
                                                         const Call& call) {
  IK_CHECK(seconds >= 5);
  AgentScript script;
  {
    std::unique_lock lock(mutex_);
    ++agent_calls_;
    RETURN_IF_ERROR(Reachable(call));
    RETURN_IF_ERROR(AgentReachable(id));
    const bool blocked = frozen_.contains(id);
    blocked_calls_ += blocked ? 1 : 0;
    changed_.notify_all();
    const bool thawed = changed_.wait_until(lock, call.stop, call.deadline, [&] {
      return !frozen_.contains(id) || presence_ != Presence::kConnected;
    });
    blocked_calls_ -= blocked ? 1 : 0;
    if (!thawed) return call.Check("guest agent");
    RETURN_IF_ERROR(Reachable(call));
    RETURN_IF_ERROR(AgentReachable(id));
    script = script_;
  }
  if (!script) return AgentError(AgentFailure::kUnsupported, "no agent script");
  return script(id, command, call);
}

void FakeHypervisor::Emit(const HypervisorEvent& event) {
  std::function<void(const HypervisorEvent&)> sink;
  {
    std::scoped_lock lock(mutex_);
    // What happens while nobody is connected is never told, as with the real one.
    if (presence_ == Presence::kConnected || event.kind == Kind::kConnectionLost) sink = sink_;
  }
  if (sink) sink(event);
}

void FakeHypervisor::Change(const DomainId& id, Kind kind,
                            const std::function<void(DomainState&)>& change) {
  ChangeSilently(id, change);
  Emit({kind, id});
}

void FakeHypervisor::ChangeSilently(const DomainId& id,
                                    const std::function<void(DomainState&)>& change) {
  {
    std::scoped_lock lock(mutex_);
    const auto found = domains_.find(id);
    IK_CHECK(found != domains_.end());
    change(found->second);
  }
  changed_.notify_all();
}

void FakeHypervisor::Define(const DomainState& domain) {
  {
    std::scoped_lock lock(mutex_);
    DomainState& state = domains_[domain.id] = domain;
    state.run_state = RunState::kOff;
    state.run_number = -1;
    if (state.channel != AgentChannel::kAbsent) state.channel = AgentChannel::kDisconnected;
  }
  Emit({Kind::kDefined, domain.id});
}

void FakeHypervisor::Undefine(const DomainId& id) {
  {
    std::scoped_lock lock(mutex_);
    const auto found = domains_.find(id);
    IK_CHECK(found != domains_.end());
    found->second.persistent = false;
    if (found->second.run_number < 0) domains_.erase(found);
  }
  Emit({Kind::kUndefined, id});
}

void FakeHypervisor::Boot(const DomainId& id) {
  Change(id, Kind::kStarted, [&](DomainState& d) {
    d.run_state = RunState::kRunning;
    d.run_number = next_run_++;
  });
}

void FakeHypervisor::ConnectAgent(const DomainId& id) {
  Change(id, Kind::kAgentConnected, [](DomainState& d) { d.channel = AgentChannel::kConnected; });
}

void FakeHypervisor::DisconnectAgent(const DomainId& id) {
  Change(id, Kind::kAgentDisconnected,
         [](DomainState& d) { d.channel = AgentChannel::kDisconnected; });
}

void FakeHypervisor::Pause(const DomainId& id) {
  Change(id, Kind::kSuspended, [](DomainState& d) { d.run_state = RunState::kPaused; });
}

void FakeHypervisor::Resume(const DomainId& id) {
  Change(id, Kind::kResumed, [](DomainState& d) { d.run_state = RunState::kRunning; });
}

void FakeHypervisor::PowerOff(const DomainId& id) {
  {
    std::scoped_lock lock(mutex_);
    DomainState& domain = domains_.at(id);
    domain.run_state = RunState::kOff;
    domain.run_number = -1;
    if (domain.channel != AgentChannel::kAbsent) domain.channel = AgentChannel::kDisconnected;
    if (!domain.persistent) domains_.erase(id);
  }
  changed_.notify_all();
  Emit({Kind::kStopped, id});
}

void FakeHypervisor::Crash(const DomainId& id) {
  Change(id, Kind::kCrashed, [](DomainState& d) {
    d.run_state = RunState::kCrashed;
    d.run_number = -1;
  });
}

void FakeHypervisor::Reboot(const DomainId& id) {
  Change(id, Kind::kRebooted, [](DomainState&) {});
}

void FakeHypervisor::MigrateAway(const DomainId& id) {
  {
    std::scoped_lock lock(mutex_);
    IK_CHECK(domains_.erase(id) == 1);
  }
  Emit({Kind::kMigratedAway, id});
}

void FakeHypervisor::SetWish(const DomainId& id, std::optional<DomainWish> wish,
                             const std::string& error) {
  Change(id, Kind::kMetadataChanged, [&](DomainState& d) {
    d.wish = std::move(wish);
    d.wish_error = error;
  });
}

void FakeHypervisor::LoseDaemon() {
  {
    std::scoped_lock lock(mutex_);
    presence_ = Presence::kLost;
  }
  changed_.notify_all();
  Emit({Kind::kConnectionLost, {}});
}

void FakeHypervisor::ReturnDaemon() {
  {
    std::scoped_lock lock(mutex_);
    presence_ = Presence::kConnected;
  }
  Emit({Kind::kConnectionBack, {}});
}

void FakeHypervisor::Freeze(const DomainId& id) {
  std::scoped_lock lock(mutex_);
  frozen_.insert(id);
}

void FakeHypervisor::Thaw(const DomainId& id) {
  {
    std::scoped_lock lock(mutex_);
    frozen_.erase(id);
  }
  changed_.notify_all();
}

void FakeHypervisor::SetAgentScript(AgentScript script) {
  std::scoped_lock lock(mutex_);
  script_ = std::move(script);
}

size_t FakeHypervisor::agent_calls() const {
  std::scoped_lock lock(mutex_);
  return agent_calls_;
}

bool FakeHypervisor::AwaitBlockedCalls(size_t count, const Call& call) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, call.stop, call.deadline,
                             [&] { return blocked_calls_ >= count; });
}

}  // namespace innkeeper
