#pragma once
// The VMs of a cluster: what the API server knows of them, joined with what agents tell of their
// domains. An agent knows a domain by libvirt's UUID and is believed about those alone whose
// VirtualMachineInstance is on its node: reports are kept by node, and looked up from the instance.
// So a report that comes before its instance counts as soon as that is known, and one about
// somebody else's domain never does.

#include <functional>
#include <map>
#include <set>
#include <unordered_map>
#include <vector>

#include "base/guarded.h"
#include "coordinator/guests/home.h"
#include "coordinator/guests/node_reports.h"
#include "coordinator/home/kube/vm_index.h"

namespace innkeeper {

// Thread-safe; never blocks. Listeners are called on the thread that brought the news, without our
// lock. As NodeReports its uids are libvirt's UUIDs, as Inventory they are VMs'.
class KubeInventory final : public Inventory, public NodeReports {
 public:
  struct Options {
    // How long after a start nodes may take to report before their silence counts.
    Duration node_grace = std::chrono::seconds(90);
    // Missing VMs are remembered so long.
    Duration forget_after = std::chrono::hours(24 * 7);
  };
  // `clock` outlives it.
  KubeInventory(const Clock& clock, Options options);

  // --- What mirrors tell.
  enum class Source { kGuests, kVms, kVmis };
  void SetVm(const VmView& vm, JoinerMarks marks = {});
  void DropVm(const VmUid& uid);
  void SetVmi(const VmiView& vmi);
  void DropVmi(const std::string& uid);
  void SetAsks(OptInSets::Kind kind, const std::string& ns, const std::string& name, bool asks);
  void Synced(Source source);
  // The nodes that are to report, as stored; others follow as they connect.
  void Expect(const std::vector<NodeRecord>& nodes);

  // For the webhook; itself thread-safe.
  const OptInSets& opt_in() const { return *opt_in_; }
  std::optional<BootState> FindBoot(const VmUid& uid) const;
  std::optional<JoinerVm> FindJoinerVm(const VmUid& uid) const;
  // The UUID that the VM's node knows it by; empty: none, or another VM claims the same.
  VmUid DomainOf(const VmUid& uid) const;
  // The same VMs by their domains' UUIDs: place and presence alone, for whoever sends orders.
  const Inventory& domains() const { return domains_; }

  std::optional<VmRecord> Find(const VmUid& uid) const override;
  std::vector<VmRecord> FindByKey(const GuestKey& key) const override;
  std::vector<VmRecord> List() const override;
  // Also: guests, VMs and their instances were read.
  bool Settled() const override;
  bool AllNodesConnected() const override;
  void OnChange(std::function<void(const VmUid&)> changed) override;

  void NodeConnected(const NodeIdentity& node) override;
  void NodeDisconnected(const NodeIdentity& node) override;
  void Snapshot(const NodeIdentity& node, std::vector<DomainReport> domains) override;
  void Changed(const NodeIdentity& node, DomainReport domain) override;
  void Gone(const NodeIdentity& node, const VmUid& domain, GoneWhy why) override;
  void JobChanged(const NodeIdentity& node, const VmUid& domain, const JobView& job) override;
  void JobForgotten(const NodeIdentity& node, const VmUid& domain, const std::string& id) override;

 private:
  struct Domain {
    std::optional<DomainReport> report;
    absl::Time agent_since;
    std::map<std::string, JobView> jobs;
  };
  struct Node {
    bool expected = false;  // known, and not revoked: its silence matters
    bool connected = false;
    bool reported = false;                            // a snapshot since we started
    absl::Time since;                                 // of `connected`
    std::unordered_map<std::string, Domain> domains;  // by libvirt's UUID
  };
  struct State {
    explicit State(const Clock& clock) : index(clock) {}
    VmIndex index;
    std::map<NodeName, Node> nodes;
    std::set<Source> synced;
    absl::Time forgot;
    std::vector<std::function<void(const VmUid&)>> listeners;
  };
  using Touched = VmIndex::Touched;

  class ByDomain final : public Inventory {
   public:
    explicit ByDomain(const KubeInventory& all) : all_(all) {}
    std::optional<VmRecord> Find(const VmUid& domain) const override;
    std::vector<VmRecord> FindByKey(const GuestKey&) const override { return {}; }
    std::vector<VmRecord> List() const override { return {}; }
    bool Settled() const override { return all_.Settled(); }
    bool AllNodesConnected() const override { return all_.AllNodesConnected(); }
    void OnChange(std::function<void(const VmUid&)>) override {}

   private:
    const KubeInventory& all_;
  };

  void Change(const std::function<Touched(State&)>& change);
  // Each needs the lock.
  void Take(Node& node, DomainReport report);
  std::optional<VmRecord> Joined(const State& state, const VmUid& uid) const;
  static void Tell(const State& state, const NodeName& node, const std::string& domain,
                   Touched& touched);
  static Touched OfNode(const State& state, const NodeName& node);

  const Clock& clock_;
  const Options options_;
  const MonotonicTime started_;
  mutable Guarded<State> state_;
  const OptInSets* const opt_in_;  // the index's
  const ByDomain domains_{*this};
};

}  // namespace innkeeper
