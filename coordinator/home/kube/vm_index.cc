#include "coordinator/home/kube/vm_index.h"

#include <algorithm>
#include <functional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "coordinator/admission/carried.h"

namespace innkeeper {
namespace {

VmRun RunOf(const std::optional<VmiView>& vmi) {
  if (!vmi || vmi->phase == "Succeeded") return VmRun::kOff;
  if (vmi->phase == "Failed") return VmRun::kCrashed;
  if (vmi->phase == "Unknown") return VmRun::kUnknown;
  if (vmi->phase != "Running") return VmRun::kStarting;  // Pending, Scheduling, Scheduled
  return vmi->paused ? VmRun::kPaused : VmRun::kRunning;
}

bool Runs(const std::optional<VmiView>& vmi) {
  return RunOf(vmi) == VmRun::kRunning || RunOf(vmi) == VmRun::kPaused;
}

VmAgent AgentOf(const std::optional<VmiView>& vmi) {
  if (!vmi) return VmAgent::kUnknown;
  return vmi->agent_connected ? VmAgent::kConnected : VmAgent::kDisconnected;
}

// As OptInSets: no kind, or one with "cluster" in it, is the cluster's.
bool Names(const VmReference& reference, const GuestKey& vm, const std::string& ns,
           const std::string& name) {
  const bool cluster =
      reference.kind.empty() || absl::StrContains(absl::AsciiStrToLower(reference.kind), "cluster");
  return reference.name == name && (cluster ? "" : vm.space) == ns;
}

}  // namespace

VmIndex::Vm& VmIndex::Enter(const VmUid& uid, const GuestKey& key) {
  Vm& vm = vms_[uid.text];
  vm.key = key;
  vm.missing_since = absl::InfiniteFuture();
  by_key_[key].insert(uid);
  return vm;
}

void VmIndex::Leave(Vm& vm) {
  if (vm.Exists()) return;
  vm.missing_since = clock_.Now();
  vm.missing_mark = clock_.Monotonic();
}

void VmIndex::LeaveDomain(const std::string& uuid, const VmUid& uid) {
  const auto at = by_domain_.find(uuid);
  if (at == by_domain_.end()) return;
  at->second.erase(uid);
  if (at->second.empty()) by_domain_.erase(at);
}

VmIndex::Touched VmIndex::SetVm(const VmView& view, JoinerMarks marks) {
  if (view.uid.empty() || view.name.empty()) return {};
  const VmUid uid{view.uid};
  Vm& vm = Enter(uid, {view.ns, view.name});
  vm.machine = true;
  vm.own = OwnWish(view);
  vm.fqdn = view.fqdn.value_or("");
  vm.instance_type = view.instance_type;
  vm.preference = view.preference;
  if (!view.deleting) vm.deleting_since = absl::InfiniteFuture();
  if (view.deleting) vm.deleting_since = std::min(vm.deleting_since, clock_.Now());
  const bool marked = marks != JoinerMarks{};
  vm.joiner = marked ? std::make_shared<const JoinerMarks>(std::move(marks)) : nullptr;
  Carry(vm, view);
  return {uid};
}

void VmIndex::Carry(Vm& vm, const VmView& view) {
  const Carried carried = CarriedBy(view);
  if (carried.secrets != vm.secrets) vm.carries_since = clock_.Now();
  vm.secrets = carried.secrets;
  vm.source = vm.secrets.user_data.empty() ? 0 : std::hash<std::string>()(*view.prepared);
}

VmIndex::Touched VmIndex::DropVm(const VmUid& uid) {
  const auto at = vms_.find(uid.text);
  if (at == vms_.end() || !at->second.machine) return {};
  Vm& vm = at->second;
  vm.machine = false;
  // What it wished went with it: an instance that stays must look as if it had been found alone.
  vm.own = Wish::kUnset;
  vm.fqdn.clear();
  vm.instance_type = vm.preference = {};
  vm.secrets = {};
  vm.deleting_since = absl::InfiniteFuture();
  vm.joiner = nullptr;
  Leave(vm);
  return {uid};
}

VmIndex::Touched VmIndex::SetVmi(const VmiView& vmi) {
  const VmUid uid{vmi.vm_uid.empty() ? vmi.uid : vmi.vm_uid};
  Touched touched{uid};
  const auto before = by_vmi_.find(vmi.uid);
  // A VMI that was orphaned by its VM stands alone from then on.
  if (before != by_vmi_.end() && before->second != uid) touched.merge(DropVmi(vmi.uid));
  Vm& vm = Enter(uid, vmi.key);
  if (vm.vmi && vm.vmi->uid != vmi.uid) touched.merge(DropVmi(std::string(vm.vmi->uid)));
  if (!vm.vmi || vm.vmi->agent_connected != vmi.agent_connected) vm.agent_since = clock_.Now();
  if (vm.vmi && vm.vmi->domain != vmi.domain) LeaveDomain(vm.vmi->domain, uid);
  // Twice in a run's life: when it is asked for, and when the domain is there.
  if (!vm.vmi || vm.vmi->uid != vmi.uid || Runs(vm.vmi) != Runs(vmi)) vm.run_since = clock_.Now();
  vm.vmi = vmi;
  vm.missing_since = absl::InfiniteFuture();
  by_vmi_[vmi.uid] = uid;
  if (!vmi.domain.empty()) by_domain_[vmi.domain].insert(uid);
  return touched;
}

VmIndex::Touched VmIndex::DropVmi(const std::string& uid) {
  const auto at = by_vmi_.find(uid);
  if (at == by_vmi_.end()) return {};
  const VmUid owner = at->second;
  by_vmi_.erase(at);
  Vm& vm = vms_.at(owner.text);
  LeaveDomain(vm.vmi->domain, owner);
  vm.vmi.reset();
  vm.agent_since = clock_.Now();
  Leave(vm);
  return {owner};
}

VmIndex::Touched VmIndex::SetAsks(OptInSets::Kind kind, const std::string& ns,
                                  const std::string& name, bool asks) {
  if (Asks(kind, ns, name) == asks) return {};
  asking_->Set(kind, ns, name, asks);
  Touched touched;
  for (const auto& [uid, vm] : vms_) {
    const bool its = kind == OptInSets::Kind::kNamespace ? vm.key.space == name
                     : kind == OptInSets::Kind::kInstanceType
                         ? Names(vm.instance_type, vm.key, ns, name)
                         : Names(vm.preference, vm.key, ns, name);
    if (its && vm.own == Wish::kUnset) touched.insert({uid});
  }
  return touched;
}

bool VmIndex::Asks(OptInSets::Kind kind, const std::string& ns, const std::string& name) const {
  const VmReference reference{ns.empty() ? "cluster" : "namespaced", name};
  if (kind == OptInSets::Kind::kNamespace) return asking_->NamespaceAsks(name);
  return kind == OptInSets::Kind::kInstanceType ? asking_->InstanceTypeAsks(reference, ns)
                                                : asking_->PreferenceAsks(reference, ns);
}

Wish VmIndex::WishOf(const Vm& vm) const {
  if (vm.own != Wish::kUnset) return vm.own;
  const bool asked = asking_->NamespaceAsks(vm.key.space) ||
                     asking_->InstanceTypeAsks(vm.instance_type, vm.key.space) ||
                     asking_->PreferenceAsks(vm.preference, vm.key.space);
  return asked ? Wish::kYes : Wish::kUnset;
}

std::optional<VmRecord> VmIndex::Find(const VmUid& uid) const {
  const auto at = vms_.find(uid.text);
  if (at == vms_.end()) return std::nullopt;
  const Vm& vm = at->second;
  VmRecord record;
  record.uid = uid;
  record.key = vm.key;
  record.persistent = vm.machine;
  record.wish = WishOf(vm);
  record.wish_fqdn = vm.fqdn;
  record.run = RunOf(vm.vmi);
  record.run_since = vm.run_since;
  record.joins_at_boot = !vm.secrets.join.empty();
  record.deleting = vm.deleting_since != absl::InfiniteFuture();
  record.joiner_finalizer = vm.joiner && vm.joiner->finalizer;
  record.joiner_marked = record.joiner_finalizer || (vm.joiner && !vm.joiner->status.empty());
  record.agent = AgentOf(vm.vmi);
  record.agent_since = vm.agent_since;
  if (vm.vmi) {
    record.node = vm.vmi->node;
    record.run_id = vm.vmi->uid;
  }
  if (!vm.Exists()) {
    record.presence = VmPresence::kMissing;
    record.presence_since = vm.missing_since;
    record.presence_mark = vm.missing_mark;
    record.run = VmRun::kUnknown;
  }
  return record;
}

std::optional<BootState> VmIndex::FindBoot(const VmUid& uid) const {
  const auto at = vms_.find(uid.text);
  if (at == vms_.end()) return std::nullopt;
  const Vm& vm = at->second;
  if (vm.secrets.join.empty() && vm.secrets.user_data.empty()) return std::nullopt;
  return BootState{{vm.key, uid, vm.secrets},
                   RunOf(vm.vmi),
                   vm.vmi ? vm.vmi->uid : "",
                   std::max(vm.carries_since, vm.run_since),
                   vm.source};
}

std::optional<JoinerVm> VmIndex::FindJoinerVm(const VmUid& uid) const {
  const auto at = vms_.find(uid.text);
  if (at == vms_.end() || !at->second.machine) return std::nullopt;
  const Vm& vm = at->second;
  JoinerVm found{vm.key, uid, WishOf(vm), std::nullopt, vm.joiner ? *vm.joiner : JoinerMarks{}};
  if (vm.deleting_since != absl::InfiniteFuture()) found.deleting_since = vm.deleting_since;
  return found;
}

std::vector<VmUid> VmIndex::FindByKey(const GuestKey& key) const {
  const auto at = by_key_.find(key);
  if (at == by_key_.end()) return {};
  return {at->second.begin(), at->second.end()};
}

std::optional<VmUid> VmIndex::FindByDomain(const std::string& uuid) const {
  const auto at = by_domain_.find(uuid);
  if (at == by_domain_.end() || at->second.size() != 1) return std::nullopt;
  return *at->second.begin();
}

std::optional<VmUid> VmIndex::FindByDomain(const std::string& uuid, const NodeName& node) const {
  std::optional<VmUid> uid = FindByDomain(uuid);
  if (uid && !MayReport(*uid, node)) uid.reset();
  return uid;
}

std::string VmIndex::DomainOf(const VmUid& uid) const {
  const auto at = vms_.find(uid.text);
  if (at == vms_.end() || !at->second.vmi) return "";
  const std::string& uuid = at->second.vmi->domain;
  return FindByDomain(uuid) ? uuid : "";
}

bool VmIndex::MayReport(const VmUid& uid, const NodeName& node) const {
  const auto at = vms_.find(uid.text);
  if (at == vms_.end() || !at->second.vmi || node.text.empty()) return false;
  const VmiView& vmi = *at->second.vmi;
  return node == vmi.node || node == vmi.source || node == vmi.target;
}

std::vector<VmUid> VmIndex::All() const {
  std::vector<VmUid> all;
  all.reserve(vms_.size());
  for (const auto& [uid, vm] : vms_) all.push_back({uid});
  return all;
}

void VmIndex::Forget(absl::Time before) {
  for (auto at = vms_.begin(); at != vms_.end();) {
    const Vm& vm = at->second;
    if (vm.Exists() || vm.missing_since >= before) {
      ++at;
      continue;
    }
    const auto key = by_key_.find(vm.key);
    key->second.erase({at->first});
    if (key->second.empty()) by_key_.erase(key);
    at = vms_.erase(at);
  }
}

}  // namespace innkeeper
