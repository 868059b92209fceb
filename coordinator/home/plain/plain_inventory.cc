#include "coordinator/home/plain/plain_inventory.h"

#include <algorithm>
#include <utility>

namespace innkeeper {
namespace {

// Jobs of one VM that are remembered; one runs at a time, the rest wait to be acknowledged.
constexpr size_t kMostJobs = 16;

PlacementRow RowOf(const VmRecord& record, const Placement& placement) {
  return {placement,         record.key,  record.presence_since,
          record.persistent, record.wish, record.wish_fqdn};
}

}  // namespace

absl::StatusOr<std::unique_ptr<PlainInventory>> PlainInventory::Open(PlainNodeStore& nodes,
                                                                     PlacementRows& rows,
                                                                     const Clock& clock,
                                                                     Options options) {
  std::unique_ptr<PlainInventory> inventory(new PlainInventory(rows, clock, options));
  RETURN_IF_ERROR(inventory->Load(nodes));
  nodes.OnChange(
      [raw = inventory.get()](const NodeName& node, const std::optional<NodeRecord>& record) {
        raw->OnNode(node, record);
      });
  return inventory;
}

absl::Status PlainInventory::Load(PlainNodeStore& nodes) {
  ASSIGN_OR_RETURN(const std::vector<NodeRecord> known, nodes.List(Call{}));
  ASSIGN_OR_RETURN(auto placements, rows_.Load());
  state_.With([&](State& state) {
    for (const NodeRecord& node : known) {
      NodeState& entry = state.nodes[node.identity.node];
      entry.space = node.identity.space;
      entry.expected = !node.revoked;
      entry.since = clock_.Now();
    }
    for (auto& [uid, row] : placements) {
      Vm& vm = state.vms[uid];
      vm.record.uid = uid;
      vm.record.key = row.key;
      vm.record.node = row.placement.holder;
      vm.record.disputed_by = row.placement.claimants;
      vm.record.presence = row.placement.presence;
      vm.record.presence_since = row.presence_since;
      vm.record.presence_mark = clock_.Monotonic();
      vm.record.node_since = vm.record.agent_since = clock_.Now();
      vm.record.persistent = row.persistent;
      vm.record.wish = row.wish;
      vm.record.wish_fqdn = row.wish_fqdn;
      vm.placement = std::move(row.placement);
      state.nodes[vm.placement.holder].domains.insert(uid);
      for (const NodeName& node : vm.placement.claimants) state.nodes[node].domains.insert(uid);
    }
  });
  return absl::OkStatus();
}

void PlainInventory::Change(const std::function<void(State&, Touched&)>& change) {
  Touched touched;
  const auto listeners = state_.With([&](State& state) {
    change(state, touched);
    return state.listeners;
  });
  for (const VmUid& uid : touched) {
    for (const auto& listener : listeners) listener(uid);
  }
}

void PlainInventory::Keep(const Vm& vm) {
  rows_.Put(vm.record.uid, RowOf(vm.record, vm.placement));
}

// An operator's word: a node that is revoked or forgotten gives up what it held.
void PlainInventory::OnNode(const NodeName& node, const std::optional<NodeRecord>& record) {
  Change([&](State& state, Touched& touched) {
    NodeState& entry = state.nodes[node];
    if (record) entry.space = record->identity.space;
    entry.expected = record && !record->revoked;
    if (entry.expected) return;
    for (const VmUid& uid : std::set<VmUid>(entry.domains)) {
      Vm& vm = state.vms.at(uid);
      const NodeName before = vm.placement.holder;
      const VmPresence was = vm.placement.presence;
      if (PlaceNodeLost(vm.placement, node) == PlacementChange::kNone) continue;
      vm.claims.erase(node);
      if (vm.placement.holder != node) entry.domains.erase(uid);
      ApplyMove(state, vm, before, was);
      touched.insert(uid);
    }
    if (!record && entry.domains.empty() && !entry.connected) state.nodes.erase(node);
  });
}

void PlainInventory::NodeConnected(const NodeIdentity& node) {
  Change([&](State& state, Touched& touched) {
    NodeState& entry = state.nodes[node.node];
    entry.space = node.space;
    entry.expected = true;
    entry.connected = true;
    entry.since = clock_.Now();
    for (const VmUid& uid : entry.domains) {
      VmRecord& record = state.vms.at(uid).record;
      if (record.node != node.node) continue;
      record.node_connected = true;
      record.node_since = entry.since;
      touched.insert(uid);
    }
  });
}

void PlainInventory::NodeDisconnected(const NodeIdentity& node) {
  Change([&](State& state, Touched& touched) {
    NodeState& entry = state.nodes[node.node];
    entry.connected = false;
    entry.since = clock_.Now();
    for (const VmUid& uid : entry.domains) {
      VmRecord& record = state.vms.at(uid).record;
      if (record.node != node.node) continue;
      record.node_connected = false;
      record.node_since = entry.since;
      touched.insert(uid);
    }
  });
}

void PlainInventory::Snapshot(const NodeIdentity& node, std::vector<DomainReport> domains) {
  Change([&](State& state, Touched& touched) {
    std::set<VmUid> named;
    for (DomainReport& report : domains) {
      named.insert(report.uid);
      TakeReport(state, node, std::move(report), touched);
    }
    const std::set<VmUid> before = state.nodes[node.node].domains;
    for (const VmUid& uid : before) {
      if (!named.contains(uid)) TakeGone(state, node.node, uid, GoneWhy::kVanished, touched);
    }
    state.nodes[node.node].reported = true;
    ForgetOld(state);
  });
}

void PlainInventory::Changed(const NodeIdentity& node, DomainReport domain) {
  Change(
      [&](State& state, Touched& touched) { TakeReport(state, node, std::move(domain), touched); });
}

void PlainInventory::Gone(const NodeIdentity& node, const VmUid& uid, GoneWhy why) {
  Change([&](State& state, Touched& touched) { TakeGone(state, node.node, uid, why, touched); });
}

void PlainInventory::TakeReport(State& state, const NodeIdentity& node, DomainReport report,
                                Touched& touched) {
  Vm& vm = state.vms[report.uid];
  vm.record.uid = report.uid;
  state.nodes[node.node].domains.insert(report.uid);
  touched.insert(report.uid);
  const NodeName before = vm.placement.holder;
  const VmPresence was = vm.placement.presence;
  const PlacementRow stored = RowOf(vm.record, vm.placement);
  const PlacementChange change = PlaceReport(vm.placement, node.node);
  if (vm.placement.holder != node.node) {
    vm.claims[node.node] = std::move(report);
    if (change != PlacementChange::kNone) ApplyMove(state, vm, before, was);
    return;
  }
  if (change != PlacementChange::kNone) ApplyMove(state, vm, before, was);
  ApplyReport(state, vm, report);
  if (EncodePlacement(RowOf(vm.record, vm.placement)) != EncodePlacement(stored)) Keep(vm);
}

void PlainInventory::TakeGone(State& state, const NodeName& node, const VmUid& uid, GoneWhy why,
                              Touched& touched) {
  const auto it = state.vms.find(uid);
  if (it == state.vms.end()) return;
  Vm& vm = it->second;
  const NodeName before = vm.placement.holder;
  const VmPresence was = vm.placement.presence;
  if (PlaceGone(vm.placement, node, why) == PlacementChange::kNone) return;
  vm.claims.erase(node);
  // A holder that only vanished stays the holder, and is the one that may bring it back.
  if (vm.placement.holder != node) state.nodes[node].domains.erase(uid);
  ApplyMove(state, vm, before, was);
  touched.insert(uid);
}

// The holder's word about its own domain.
void PlainInventory::ApplyReport(State& state, Vm& vm, const DomainReport& report) {
  VmRecord& record = vm.record;
  const NodeState& node = state.nodes[vm.placement.holder];
  record.key = {node.space, report.name};
  if (record.agent != report.agent) record.agent_since = clock_.Now();
  record.agent = report.agent;
  record.run = report.run;
  record.run_id = report.run_id;
  record.persistent = report.persistent;
  record.wish = report.wish;
  record.wish_fqdn = report.wish_fqdn;
  if (report.claims) record.claims = report.claims;
}

// The placement changed: the record follows, and the row.
void PlainInventory::ApplyMove(State& state, Vm& vm, const NodeName& before, VmPresence was) {
  VmRecord& record = vm.record;
  const NodeName& holder = vm.placement.holder;
  record.disputed_by = vm.placement.claimants;
  record.node = holder;
  if (vm.placement.presence != was || before.text.empty()) {
    record.presence = vm.placement.presence;
    record.presence_since = clock_.Now();
    record.presence_mark = clock_.Monotonic();
  }
  if (record.presence != VmPresence::kPresent) {
    record.run = VmRun::kUnknown;
    record.run_id.clear();
    record.jobs.clear();
  }
  if (holder != before) {
    const NodeState& node = state.nodes[holder];
    record.node_connected = node.connected;
    record.node_since = clock_.Now();
    record.jobs.clear();  // the new holder is asked
    if (!before.text.empty()) state.nodes[before].domains.erase(record.uid);
    if (const auto claim = vm.claims.find(holder); claim != vm.claims.end()) {
      ApplyReport(state, vm, claim->second);
      vm.claims.erase(claim);
    }
  }
  Keep(vm);
}

void PlainInventory::JobChanged(const NodeIdentity& node, const VmUid& uid, const JobView& job) {
  Change([&](State& state, Touched& touched) {
    const auto it = state.vms.find(uid);
    if (it == state.vms.end() || it->second.placement.holder != node.node) return;
    auto& jobs = it->second.record.jobs;
    if (jobs.size() >= kMostJobs && !jobs.contains(job.id)) return;
    jobs[job.id] = job;
    touched.insert(uid);
  });
}

void PlainInventory::JobForgotten(const NodeIdentity& node, const VmUid& uid,
                                  const std::string& id) {
  Change([&](State& state, Touched& touched) {
    const auto it = state.vms.find(uid);
    if (it == state.vms.end() || it->second.placement.holder != node.node) return;
    if (it->second.record.jobs.erase(id) > 0) touched.insert(uid);
  });
}

// What is gone for long is forgotten: then it is as if it had never been, which removes nothing.
void PlainInventory::ForgetOld(State& state) {
  const absl::Time oldest = clock_.Now() - absl::FromChrono(options_.forget_after);
  for (auto it = state.vms.begin(); it != state.vms.end();) {
    const Vm& vm = it->second;
    const bool old = vm.record.presence != VmPresence::kPresent && vm.placement.released &&
                     vm.record.presence_since < oldest;
    if (!old) {
      ++it;
      continue;
    }
    for (auto& [name, node] : state.nodes) node.domains.erase(it->first);
    rows_.Put(it->first, std::nullopt);
    it = state.vms.erase(it);
  }
}

std::optional<VmRecord> PlainInventory::Find(const VmUid& uid) const {
  return state_.With([&](State& state) -> std::optional<VmRecord> {
    const auto it = state.vms.find(uid);
    return it == state.vms.end() ? std::nullopt : std::optional(it->second.record);
  });
}

std::vector<VmRecord> PlainInventory::FindByKey(const GuestKey& key) const {
  return state_.With([&](State& state) {
    std::vector<VmRecord> found;
    for (const auto& [uid, vm] : state.vms) {
      if (vm.record.key == key) found.push_back(vm.record);
    }
    return found;
  });
}

std::vector<VmRecord> PlainInventory::List() const {
  return state_.With([](State& state) {
    std::vector<VmRecord> all;
    all.reserve(state.vms.size());
    for (const auto& [uid, vm] : state.vms) all.push_back(vm.record);
    return all;
  });
}

bool PlainInventory::Settled() const {
  if (clock_.Monotonic() - started_ >= options_.node_grace) return true;
  return state_.With([](State& state) {
    return std::all_of(state.nodes.begin(), state.nodes.end(), [](const auto& node) {
      return !node.second.expected || node.second.reported;
    });
  });
}

bool PlainInventory::AllNodesConnected() const {
  return state_.With([](State& state) {
    return std::all_of(state.nodes.begin(), state.nodes.end(), [](const auto& node) {
      return !node.second.expected || (node.second.connected && node.second.reported);
    });
  });
}

void PlainInventory::OnChange(std::function<void(const VmUid&)> changed) {
  state_.With([&](State& state) { state.listeners.push_back(std::move(changed)); });
}

}  // namespace innkeeper
