#pragma once
// The one joined record per VM that the watches of VirtualMachines, VirtualMachineInstances,
// namespaces, instance types and preferences write into; nothing else of those objects is kept.
// Pure; not thread-safe.
//
// A VM's uid is that of its VirtualMachine, or of a VirtualMachineInstance that stands alone. The
// two may become known in any order. A VM that vanished is kMissing, never kRemoved: a list can be
// wrong (a selector, a restored etcd), and that alone takes no identity away. What does is the mark
// on its Guest, which the garbage collector sets when it finds that the owner is no more.

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "coordinator/admission/opt_in.h"
#include "coordinator/guests/vm.h"
#include "coordinator/home/kube/boot_secrets.h"
#include "coordinator/home/kube/joiner_plan.h"
#include "coordinator/home/kube/vmi_view.h"

namespace innkeeper {

// The Secrets that a VM carries and boots with, and how far its start is.
struct BootState {
  BootVm vm;
  VmRun run = VmRun::kOff;
  std::string run_id;
  absl::Time since;   // when it was first seen to carry them, or to start: what came last
  size_t source = 0;  // a digest of what its user-data came from
};

class VmIndex {
 public:
  // All that it returns as touched changed for somebody who looks at the VM.
  using Touched = std::set<VmUid>;

  // `clock` outlives it.
  explicit VmIndex(const Clock& clock) : clock_(clock) {}

  Touched SetVm(const VmView& vm, JoinerMarks marks = {});
  Touched DropVm(const VmUid& uid);
  Touched SetVmi(const VmiView& vmi);
  Touched DropVmi(const std::string& uid);
  // Whether a namespace (ns empty), instance type or preference (ns empty: of the cluster) asks to
  // enrol the VMs in it or of it. For the webhook the same index serves.
  Touched SetAsks(OptInSets::Kind kind, const std::string& ns, const std::string& name, bool asks);
  // Itself thread-safe; lives as long as the index, also when that is moved.
  const OptInSets& opt_in() const { return *asking_; }

  // What the API server knows of a VmRecord: identity, presence, wish, node, run, agent; the run's
  // id is the VMI's uid.
  std::optional<VmRecord> Find(const VmUid& uid) const;
  // Nothing: it carries no Secret of ours.
  std::optional<BootState> FindBoot(const VmUid& uid) const;
  // Nothing: there is no VirtualMachine of that uid.
  std::optional<JoinerVm> FindJoinerVm(const VmUid& uid) const;
  std::vector<VmUid> FindByKey(const GuestKey& key) const;
  // The VM that libvirt (on that node) knows by this UUID. Tenants choose UUIDs: where several VMs
  // claim one, it is nobody's.
  std::optional<VmUid> FindByDomain(const std::string& uuid) const;
  std::optional<VmUid> FindByDomain(const std::string& uuid, const NodeName& node) const;
  // That UUID, in lower case; empty: it has no domain now, or another VM claims the same.
  std::string DomainOf(const VmUid& uid) const;
  // Whether what an agent there says of the VM counts: it runs there, or is moving from or to
  // there.
  bool MayReport(const VmUid& uid, const NodeName& node) const;
  std::vector<VmUid> All() const;

  // VMs that are missing since before then are forgotten.
  void Forget(absl::Time before);

 private:
  struct Vm {
    GuestKey key;
    bool machine = false;  // its VirtualMachine exists
    Wish own = Wish::kUnset;
    std::string fqdn;
    VmReference instance_type, preference;
    VmSecretNames secrets;
    size_t source = 0;
    absl::Time carries_since, run_since;
    std::optional<VmiView> vmi;
    absl::Time missing_since = absl::InfiniteFuture();
    MonotonicTime missing_mark{};
    absl::Time agent_since;
    absl::Time deleting_since = absl::InfiniteFuture();  // when that was first seen
    std::shared_ptr<const JoinerMarks> joiner;           // null: none, as most VMs have
    bool Exists() const { return machine || vmi.has_value(); }
  };
  using Vms = std::unordered_map<std::string, Vm>;  // by uid

  Vm& Enter(const VmUid& uid, const GuestKey& key);
  void Leave(Vm& vm);
  void LeaveDomain(const std::string& uuid, const VmUid& uid);
  void Carry(Vm& vm, const VmView& view);
  bool Asks(OptInSets::Kind kind, const std::string& ns, const std::string& name) const;
  Wish WishOf(const Vm& vm) const;

  const Clock& clock_;
  Vms vms_;
  std::map<GuestKey, std::set<VmUid>> by_key_;
  std::unordered_map<std::string, VmUid> by_vmi_;               // uid of the VMI
  std::unordered_map<std::string, std::set<VmUid>> by_domain_;  // firmware's UUID
  std::unique_ptr<OptInSets> asking_ = std::make_unique<OptInSets>();
};

}  // namespace innkeeper
