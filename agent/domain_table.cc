#include "agent/domain_table.h"

#include <algorithm>
#include <set>
#include <utility>

#include "proto/time.h"

namespace innkeeper {
namespace {

agent::v1::RunState ToProto(RunState state) {
  switch (state) {
    case RunState::kRunning:
      return agent::v1::RUN_STATE_RUNNING;
    case RunState::kPaused:
      return agent::v1::RUN_STATE_PAUSED;
    case RunState::kOff:
      return agent::v1::RUN_STATE_OFF;
    case RunState::kCrashed:
      return agent::v1::RUN_STATE_CRASHED;
    case RunState::kUnknown:
      break;
  }
  return agent::v1::RUN_STATE_UNSPECIFIED;
}

agent::v1::AgentChannel ToProto(AgentChannel channel, bool unresponsive) {
  switch (channel) {
    case AgentChannel::kAbsent:
      return agent::v1::AGENT_CHANNEL_ABSENT;
    case AgentChannel::kDisconnected:
      return agent::v1::AGENT_CHANNEL_DISCONNECTED;
    case AgentChannel::kConnected:
      return unresponsive ? agent::v1::AGENT_CHANNEL_UNRESPONSIVE
                          : agent::v1::AGENT_CHANNEL_CONNECTED;
    case AgentChannel::kUnknown:
      break;
  }
  return agent::v1::AGENT_CHANNEL_UNSPECIFIED;
}

agent::v1::Wish::Enroll ToProto(EnrollWish wish) {
  switch (wish) {
    case EnrollWish::kYes:
      return agent::v1::Wish::ENROLL_YES;
    case EnrollWish::kNo:
      return agent::v1::Wish::ENROLL_NO;
    case EnrollWish::kUnset:
      break;
  }
  return agent::v1::Wish::ENROLL_UNSPECIFIED;
}

bool Runs(RunState state) { return state == RunState::kRunning || state == RunState::kPaused; }

}  // namespace

DomainTable::Doubts DomainTable::Compare(const std::vector<DomainState>& swept) const {
  Doubts doubts;
  std::set<DomainId> seen;
  for (const DomainState& domain : swept) {
    seen.insert(domain.id);
    const DomainState* known = Find(domain.id);
    if (known == nullptr || known->run_state != domain.run_state ||
        known->run_number != domain.run_number || known->name != domain.name) {
      doubts.reread.push_back(domain.id);
    }
  }
  for (const auto& [id, entry] : entries_) {
    if (!seen.contains(id)) doubts.missing.push_back(id);
  }
  return doubts;
}

bool DomainTable::Merge(Entry& entry, const DomainState& state) {
  if (entry.state == state) return false;
  const bool new_run = entry.state.run_number != state.run_number;
  if (new_run) {
    entry.reboots = 0;
    entry.facts.reset();  // claims of the run before
  }
  if (new_run || entry.state.channel != state.channel) entry.unresponsive = false;
  entry.state = state;
  return true;
}

std::optional<DomainTable::Change> DomainTable::Update(const DomainState& state, absl::Time now) {
  auto [place, added] = entries_.try_emplace(state.id, Entry{});
  if (added) {
    place->second.state = state;
  } else if (!Merge(place->second, state)) {
    return std::nullopt;
  }
  place->second.changed = now;
  return Change{state.id, std::nullopt};
}

std::optional<DomainTable::Change> DomainTable::Remove(const DomainId& id, GoneReason reason) {
  if (entries_.erase(id) == 0) return std::nullopt;
  return Change{id, reason};
}

std::optional<DomainTable::Change> DomainTable::Reboot(const DomainId& id, absl::Time now) {
  const auto place = entries_.find(id);
  if (place == entries_.end()) return std::nullopt;
  ++place->second.reboots;
  place->second.facts.reset();
  place->second.changed = now;
  return Change{id, std::nullopt};
}

std::optional<DomainTable::Change> DomainTable::SetFacts(const DomainId& id,
                                                         agent::v1::GuestFacts facts,
                                                         absl::Time now) {
  const auto place = entries_.find(id);
  if (place == entries_.end()) return std::nullopt;
  place->second.facts = std::move(facts);
  place->second.unresponsive = false;
  place->second.changed = now;
  return Change{id, std::nullopt};
}

std::optional<DomainTable::Change> DomainTable::SetUnresponsive(const DomainId& id,
                                                                bool unresponsive, absl::Time now) {
  const auto place = entries_.find(id);
  if (place == entries_.end() || place->second.unresponsive == unresponsive) return std::nullopt;
  place->second.unresponsive = unresponsive;
  place->second.changed = now;
  return Change{id, std::nullopt};
}

std::optional<DomainTable::Change> DomainTable::SetMachine(const DomainId& id,
                                                           const std::string& unit,
                                                           absl::Time now) {
  const auto place = entries_.find(id);
  if (place == entries_.end() || place->second.machine == unit) return std::nullopt;
  place->second.machine = unit;
  place->second.changed = now;
  return Change{id, std::nullopt};
}

const DomainState* DomainTable::Find(const DomainId& id) const {
  const auto place = entries_.find(id);
  return place == entries_.end() ? nullptr : &place->second.state;
}

std::string DomainTable::RunId(const Entry& entry) const {
  if (!Runs(entry.state.run_state) || entry.state.run_number < 0) return "";
  return node_boot_ + "." + std::to_string(entry.state.run_number) + "." +
         std::to_string(entry.reboots);
}

agent::v1::Domain DomainTable::ToMessage(const Entry& entry) const {
  agent::v1::Domain domain;
  domain.set_uuid(entry.state.id.uuid);
  domain.set_name(entry.state.name);
  domain.set_run_state(ToProto(entry.state.run_state));
  domain.set_run_id(RunId(entry));
  domain.set_agent_channel(ToProto(entry.state.channel, entry.unresponsive));
  domain.set_persistent(entry.state.persistent);
  if (entry.state.wish) {
    domain.mutable_wish()->set_enroll(ToProto(entry.state.wish->enroll));
    domain.mutable_wish()->set_fqdn(entry.state.wish->fqdn);
    domain.mutable_wish()->set_kubeconfig(entry.state.wish->kubeconfig);
  }
  domain.mutable_macs()->Assign(entry.state.macs.begin(), entry.state.macs.end());
  if (entry.facts) {
    *domain.mutable_facts() = *entry.facts;
    for (agent::v1::Address& address : *domain.mutable_facts()->mutable_addresses()) {
      address.set_mac_known(std::ranges::find(entry.state.macs, address.mac()) !=
                            entry.state.macs.end());
    }
  }
  *domain.mutable_changed() = ToProtoTime(entry.changed);
  domain.set_machine_unit(entry.machine);
  return domain;
}

std::optional<agent::v1::Domain> DomainTable::Message(const DomainId& id) const {
  const auto place = entries_.find(id);
  if (place == entries_.end()) return std::nullopt;
  return ToMessage(place->second);
}

std::vector<agent::v1::Domain> DomainTable::Messages() const {
  std::vector<agent::v1::Domain> messages;
  messages.reserve(entries_.size());
  for (const auto& [id, entry] : entries_) messages.push_back(ToMessage(entry));
  return messages;
}

std::vector<DomainId> DomainTable::Ids() const {
  std::vector<DomainId> ids;
  ids.reserve(entries_.size());
  for (const auto& [id, entry] : entries_) ids.push_back(id);
  return ids;
}

std::map<RunState, size_t> DomainTable::CountByRunState() const {
  std::map<RunState, size_t> counts;
  for (const auto& [id, entry] : entries_) ++counts[entry.state.run_state];
  return counts;
}

std::map<AgentChannel, size_t> DomainTable::CountByChannel() const {
  std::map<AgentChannel, size_t> counts;
  for (const auto& [id, entry] : entries_) ++counts[entry.state.channel];
  return counts;
}

}  // namespace innkeeper
