#include "agent/domain_watch.h"

#include <utility>

#include "base/log.h"
#include "base/thread_name.h"

namespace innkeeper {
namespace {

using Kind = HypervisorEvent::Kind;

AgentChannel ChannelOf(const DomainTable& table, const DomainId& id) {
  const DomainState* state = table.Find(id);
  return state == nullptr ? AgentChannel::kUnknown : state->channel;
}

}  // namespace

DomainWatch::DomainWatch(Options options, Hypervisor& hypervisor, const Clock& clock,
                         DomainWatchListener& listener)
    : options_(std::move(options)),
      hypervisor_(hypervisor),
      clock_(clock),
      listener_(listener),
      events_(options_.events, Overflow::kRejectNewest),
      table_(DomainTable(options_.node_boot)) {}

DomainWatch::~DomainWatch() { Stop(); }

absl::Status DomainWatch::Start() {
  hypervisor_.Subscribe([this](const HypervisorEvent& event) { events_.Push(event); });
  RETURN_IF_ERROR(hypervisor_.Start());
  thread_ = std::jthread([this](const std::stop_token& stop) {
    NameThread("domain-watch");
    Run(stop);
  });
  return absl::OkStatus();
}

void DomainWatch::Stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  hypervisor_.Stop();
}

void DomainWatch::Run(const std::stop_token& stop) {
  uint64_t drops = 0;
  MonotonicTime next_sweep = clock_.Monotonic();
  while (!stop.stop_requested()) {
    if (std::exchange(drops, events_.drops()) != drops) relist_ = true;
    if (relist_) Relist(stop);
    if (clock_.Monotonic() >= next_sweep) {
      SweepOnce(stop);
      listener_.OnTurn();
      next_sweep = clock_.Monotonic() + options_.sweep;
    }
    if (const auto event = events_.PopUntil(next_sweep, stop)) Handle(*event, stop);
  }
}

void DomainWatch::Handle(const HypervisorEvent& event, const std::stop_token& stop) {
  switch (event.kind) {
    case Kind::kConnectionLost:
      LogWarning("libvirt is gone, reconnecting", {});
      return;
    case Kind::kConnectionBack:
    case Kind::kEventsDropped:
      relist_ = true;
      return;
    case Kind::kUndefined:
      return Forget(event.domain, GoneReason::kUndefined);
    case Kind::kMigratedAway:
      return Forget(event.domain, GoneReason::kMigrated);
    case Kind::kRebooted:
      Apply(event.domain, [&](DomainTable& t) { return t.Reboot(event.domain, clock_.Now()); });
      return;
    default:
      Reread(event.domain, stop);
  }
}

// A persistent domain that still runs when it is undefined becomes transient: its run goes on, and
// when that ends the undefine counts as witnessed.
void DomainWatch::Forget(const DomainId& id, GoneReason why) {
  const Call call{clock_.Monotonic() + options_.call_timeout, {}};
  if (why == GoneReason::kUndefined && hypervisor_.ReadDomain(id, call).ok()) {
    undefined_.insert(id);
    return Reread(id, {});
  }
  undefined_.erase(id);
  unexplained_.erase(id);
  Apply(id, [&](DomainTable& table) { return table.Remove(id, why); });
}

void DomainWatch::NotThere(const DomainId& id) {
  const bool persistent = table_.With([&](DomainTable& table) {
    const DomainState* known = table.Find(id);
    return known == nullptr || known->persistent;
  });
  if (undefined_.contains(id)) return Forget(id, GoneReason::kUndefined);
  if (!persistent) return Forget(id, GoneReason::kTransientEnded);
  unexplained_.insert(id);
}

void DomainWatch::Reread(const DomainId& id, const std::stop_token& stop) {
  const Call call{clock_.Monotonic() + options_.call_timeout, stop};
  const absl::StatusOr<DomainState> state = hypervisor_.ReadDomain(id, call);
  if (absl::IsNotFound(state.status())) {
    return NotThere(id);
  }
  if (!state.ok()) {
    relist_ = true;
    return;
  }
  Take(*state);
}

void DomainWatch::Relist(const std::stop_token& stop) {
  if (!hypervisor_.connected()) return;
  const Call call{clock_.Monotonic() + options_.call_timeout, stop};
  const absl::StatusOr<std::vector<DomainState>> domains = hypervisor_.ListDomains(call);
  if (!domains.ok()) return;  // the next turn tries again
  relist_ = false;
  for (const DomainState& domain : *domains) Take(domain);
  const DomainTable::Doubts doubts =
      table_.With([&](DomainTable& table) { return table.Compare(*domains); });
  for (const DomainId& id : doubts.missing) NotThere(id);
}

void DomainWatch::Take(const DomainState& state) {
  if (state.persistent) undefined_.erase(state.id);  // defined again
  unexplained_.erase(state.id);
  if (!state.wish_error.empty()) {
    LogWarning("domain metadata is refused",
               {{"domain", state.id.uuid}, {"err", state.wish_error}});
  }
  Apply(state.id, [&](DomainTable& table) { return table.Update(state, clock_.Now()); });
}

void DomainWatch::SweepOnce(const std::stop_token& stop) {
  if (relist_ || !hypervisor_.connected()) return;
  const Call call{clock_.Monotonic() + options_.call_timeout, stop};
  const absl::StatusOr<std::vector<DomainState>> swept = hypervisor_.Sweep(call);
  if (!swept.ok()) return;
  const DomainTable::Doubts doubts =
      table_.With([&](DomainTable& table) { return table.Compare(*swept); });
  for (const DomainId& id : doubts.reread) Reread(id, stop);
  for (const DomainId& id : doubts.missing) {
    unexplained_.contains(id) ? Forget(id, GoneReason::kVanished) : Reread(id, stop);
  }
}

template <class Use>
void DomainWatch::Apply(const DomainId& id, Use&& use) {
  AgentChannel before = AgentChannel::kUnknown;
  const std::optional<DomainTable::Change> change = table_.With([&](DomainTable& table) {
    before = ChannelOf(table, id);
    return use(table);
  });
  if (change) Tell(*change, before);
}

void DomainWatch::Tell(const DomainTable::Change& change, AgentChannel before) {
  if (change.gone) return listener_.OnGone(change.id, *change.gone);
  AgentChannel now = AgentChannel::kUnknown;
  std::optional<agent::v1::Domain> message = table_.With([&](DomainTable& table) {
    now = ChannelOf(table, change.id);
    return table.Message(change.id);
  });
  if (!message) return;
  if (before != now) listener_.OnGuestAgentChanged(change.id);
  const bool unknown_guest = !message->has_facts() && now == AgentChannel::kConnected;
  listener_.OnDomain(*std::move(message));
  if (now == AgentChannel::kConnected && (before != now || unknown_guest)) {
    listener_.OnGuestAgent(change.id);
  }
}

std::vector<agent::v1::Domain> DomainWatch::Messages() const {
  return table_.With([](DomainTable& table) { return table.Messages(); });
}

std::vector<DomainId> DomainWatch::ReachableGuests() const {
  return table_.With([](DomainTable& table) {
    std::vector<DomainId> reachable = table.Ids();
    std::erase_if(reachable, [&](const DomainId& id) {
      return table.Find(id)->run_state != RunState::kRunning ||
             table.Find(id)->channel != AgentChannel::kConnected;
    });
    return reachable;
  });
}

bool DomainWatch::Holds(const DomainId& id) const {
  return table_.With([&](DomainTable& table) { return table.Find(id) != nullptr; });
}

void DomainWatch::SetFacts(const DomainId& id, agent::v1::GuestFacts facts) {
  Apply(id, [&](DomainTable& t) { return t.SetFacts(id, std::move(facts), clock_.Now()); });
}

void DomainWatch::SetUnresponsive(const DomainId& id, bool unresponsive) {
  Apply(id, [&](DomainTable& t) { return t.SetUnresponsive(id, unresponsive, clock_.Now()); });
}

void DomainWatch::SetMachine(const DomainId& id, const std::string& unit) {
  Apply(id, [&](DomainTable& t) { return t.SetMachine(id, unit, clock_.Now()); });
}

std::map<RunState, size_t> DomainWatch::CountByRunState() const {
  return table_.With([](DomainTable& table) { return table.CountByRunState(); });
}

std::map<AgentChannel, size_t> DomainWatch::CountByChannel() const {
  return table_.With([](DomainTable& table) { return table.CountByChannel(); });
}

}  // namespace innkeeper
