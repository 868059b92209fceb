#pragma once
// The VMs of all nodes, as their agents report them. Which node holds a VM, and what it wishes, are
// kept over restarts; everything else is told again by the nodes.

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "base/guarded.h"
#include "coordinator/guests/home.h"
#include "coordinator/guests/node_reports.h"
#include "coordinator/home/plain/placement_rows.h"
#include "coordinator/home/plain/plain_node_store.h"

namespace innkeeper {

// Thread-safe; never blocks. Listeners are called on the reporter's thread, without our lock.
class PlainInventory final : public Inventory, public NodeReports {
 public:
  struct Options {
    // How long after a start nodes may take to report before their silence counts.
    Duration node_grace = std::chrono::seconds(90);
    // Gone VMs are remembered so long.
    Duration forget_after = std::chrono::hours(24 * 7);
  };
  // `nodes` and `rows` outlive it. Subscribes to `nodes`.
  static absl::StatusOr<std::unique_ptr<PlainInventory>> Open(PlainNodeStore& nodes,
                                                              PlacementRows& rows,
                                                              const Clock& clock, Options options);

  std::optional<VmRecord> Find(const VmUid& uid) const override;
  std::vector<VmRecord> FindByKey(const GuestKey& key) const override;
  std::vector<VmRecord> List() const override;
  bool Settled() const override;
  bool AllNodesConnected() const override;
  void OnChange(std::function<void(const VmUid&)> changed) override;

  void NodeConnected(const NodeIdentity& node) override;
  void NodeDisconnected(const NodeIdentity& node) override;
  void Snapshot(const NodeIdentity& node, std::vector<DomainReport> domains) override;
  void Changed(const NodeIdentity& node, DomainReport domain) override;
  void Gone(const NodeIdentity& node, const VmUid& uid, GoneWhy why) override;
  void JobChanged(const NodeIdentity& node, const VmUid& uid, const JobView& job) override;
  void JobForgotten(const NodeIdentity& node, const VmUid& uid, const std::string& id) override;

 private:
  struct NodeState {
    std::string space;
    bool expected = false;  // known, and not revoked: its silence matters
    bool connected = false;
    absl::Time since;
    bool reported = false;    // a snapshot since we started
    std::set<VmUid> domains;  // it holds or claims
  };
  struct Vm {
    VmRecord record;
    Placement placement;
    std::map<NodeName, DomainReport> claims;  // last reports of nodes that do not hold it
  };
  struct State {
    std::map<NodeName, NodeState> nodes;
    std::map<VmUid, Vm> vms;
    std::vector<std::function<void(const VmUid&)>> listeners;
  };
  // What a change under the lock asks to be told afterwards.
  using Touched = std::set<VmUid>;

  PlainInventory(PlacementRows& rows, const Clock& clock, Options options)
      : rows_(rows), clock_(clock), options_(options), started_(clock.Monotonic()) {}
  absl::Status Load(PlainNodeStore& nodes);
  void OnNode(const NodeName& node, const std::optional<NodeRecord>& record);
  void Change(const std::function<void(State&, Touched&)>& change);

  // Each needs the lock.
  void TakeReport(State& state, const NodeIdentity& node, DomainReport report, Touched& touched);
  void TakeGone(State& state, const NodeName& node, const VmUid& uid, GoneWhy why,
                Touched& touched);
  void ApplyReport(State& state, Vm& vm, const DomainReport& report);
  void ApplyMove(State& state, Vm& vm, const NodeName& before, VmPresence was);
  void ForgetOld(State& state);
  void Keep(const Vm& vm);

  PlacementRows& rows_;
  const Clock& clock_;
  const Options options_;
  const MonotonicTime started_;
  mutable Guarded<State> state_;
};

}  // namespace innkeeper
