#pragma once
// The node's view of its domains: what libvirt says, what the guests claim, and which run each is
// in. No I/O; one owner (the agent's loop) writes, the link's thread reads copies.
//
// A run id names one boot: "<node boot id>.<libvirt's run number>.<reboots seen>". It is empty
// while a domain does not run. An agent that restarts starts counting reboots anew, so a run may
// get a second id: the coordinator then proves the key once more, which is harmless.

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "innkeeper/agent/v1/agent.pb.h"
#include "vm/hypervisor.h"

namespace innkeeper {

enum class GoneReason { kUndefined, kTransientEnded, kMigrated, kVanished };

class DomainTable {
 public:
  // `node_boot`: the kernel's boot id, or any text that changes with the node's boot.
  explicit DomainTable(std::string node_boot) : node_boot_(std::move(node_boot)) {}

  struct Change {
    DomainId id;
    std::optional<GoneReason> gone;  // else new or changed
  };

  // A list against the table, by run state, run number and name only: ids whose full state must be
  // read anew (new, or changed), and those that are not in the list.
  struct Doubts {
    std::vector<DomainId> reread;
    std::vector<DomainId> missing;
  };
  Doubts Compare(const std::vector<DomainState>& swept) const;
  // One domain's full state.
  std::optional<Change> Update(const DomainState& state, absl::Time now);
  std::optional<Change> Remove(const DomainId& id, GoneReason reason);
  // The guest booted again within its run.
  std::optional<Change> Reboot(const DomainId& id, absl::Time now);
  std::optional<Change> SetFacts(const DomainId& id, agent::v1::GuestFacts facts, absl::Time now);
  // The agent's port is open, but calls time out; cleared by an answer or a channel event.
  std::optional<Change> SetUnresponsive(const DomainId& id, bool unresponsive, absl::Time now);
  std::optional<Change> SetMachine(const DomainId& id, const std::string& unit, absl::Time now);

  const DomainState* Find(const DomainId& id) const;
  std::optional<agent::v1::Domain> Message(const DomainId& id) const;
  std::vector<agent::v1::Domain> Messages() const;
  std::vector<DomainId> Ids() const;
  size_t size() const { return entries_.size(); }
  // How many domains are in each run state, in the order of the enum.
  std::map<RunState, size_t> CountByRunState() const;
  std::map<AgentChannel, size_t> CountByChannel() const;

 private:
  struct Entry {
    DomainState state;
    int reboots = 0;
    bool unresponsive = false;
    std::string machine;
    std::optional<agent::v1::GuestFacts> facts;
    absl::Time changed;
  };
  std::string RunId(const Entry& entry) const;
  agent::v1::Domain ToMessage(const Entry& entry) const;
  bool Merge(Entry& entry, const DomainState& state);

  const std::string node_boot_;
  std::map<DomainId, Entry> entries_;
};

}  // namespace innkeeper
