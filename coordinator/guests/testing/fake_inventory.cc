#include "coordinator/guests/testing/fake_inventory.h"

namespace innkeeper {

void FakeInventory::Tell(const VmUid& uid) {
  for (const auto& listener : state_.With([](State& s) { return s.listeners; })) listener(uid);
}

std::optional<VmRecord> FakeInventory::Find(const VmUid& uid) const {
  return state_.With([&](State& s) -> std::optional<VmRecord> {
    const auto it = s.vms.find(uid);
    return it == s.vms.end() ? std::nullopt : std::optional(it->second);
  });
}

std::vector<VmRecord> FakeInventory::FindByKey(const GuestKey& key) const {
  std::vector<VmRecord> found;
  for (VmRecord& vm : List()) {
    if (vm.key == key) found.push_back(std::move(vm));
  }
  return found;
}

std::vector<VmRecord> FakeInventory::List() const {
  return state_.With([](State& s) {
    std::vector<VmRecord> vms;
    for (const auto& [uid, vm] : s.vms) vms.push_back(vm);
    return vms;
  });
}

bool FakeInventory::Settled() const {
  return state_.With([](State& s) { return s.settled; });
}
bool FakeInventory::AllNodesConnected() const {
  return state_.With([](State& s) { return s.connected; });
}

void FakeInventory::OnChange(std::function<void(const VmUid&)> changed) {
  state_.With([&](State& s) { s.listeners.push_back(std::move(changed)); });
}

void FakeInventory::Set(VmRecord vm) {
  const VmUid uid = vm.uid;
  state_.With([&](State& s) {
    const auto [it, fresh] = s.vms.try_emplace(uid, vm);
    const VmRecord old = it->second;
    const absl::Time now = clock_.Now();
    const bool moved = fresh || old.presence != vm.presence;
    vm.presence_since = moved ? now : old.presence_since;
    vm.presence_mark = moved ? clock_.Monotonic() : old.presence_mark;
    vm.node_since = fresh || old.node_connected != vm.node_connected ? now : old.node_since;
    vm.agent_since = fresh || old.agent != vm.agent ? now : old.agent_since;
    it->second = std::move(vm);
  });
  Tell(uid);
}

void FakeInventory::SetJob(const VmUid& uid, const JobView& job) {
  state_.With([&](State& s) {
    if (const auto it = s.vms.find(uid); it != s.vms.end()) it->second.jobs[job.id] = job;
  });
  Tell(uid);
}

void FakeInventory::EraseJob(const VmUid& uid, const std::string& id) {
  state_.With([&](State& s) {
    if (const auto it = s.vms.find(uid); it != s.vms.end()) it->second.jobs.erase(id);
  });
  Tell(uid);
}

void FakeInventory::Erase(const VmUid& uid) {
  state_.With([&](State& s) { s.vms.erase(uid); });
  Tell(uid);
}

void FakeInventory::SetSettled(bool settled) {
  state_.With([&](State& s) { s.settled = settled; });
}
void FakeInventory::SetAllNodesConnected(bool connected) {
  state_.With([&](State& s) { s.connected = connected; });
}
void FakeInventory::ForgetListeners() {
  state_.With([](State& s) { s.listeners.clear(); });
}

}  // namespace innkeeper
