#pragma once
// What agents tell, handed from the fleet to the home's inventory. The node is the one of the
// channel's certificate; nothing in a report names it. Calls come from the fleet's threads, in
// order for each node; they must not block.

#include <string>
#include <vector>

#include "base/call.h"
#include "base/status.h"
#include "coordinator/guests/vm.h"

namespace innkeeper {

struct NodeIdentity {
  NodeName node;
  std::string space;  // namespace of the node's guests, from its join token
};

struct DomainReport {
  VmUid uid;
  std::string name;
  VmRun run = VmRun::kUnknown;
  std::string run_id;
  VmAgent agent = VmAgent::kUnknown;
  bool persistent = true;
  Wish wish = Wish::kUnset;
  std::string wish_fqdn;
  std::optional<GuestClaims> claims;
};

enum class GoneWhy { kUndefined, kTransientEnded, kMigrated, kVanished };

class NodeReports {
 public:
  virtual ~NodeReports() = default;
  virtual void NodeConnected(const NodeIdentity& node) = 0;
  virtual void NodeDisconnected(const NodeIdentity& node) = 0;
  // All domains of the node; those known before and not named are gone with kVanished.
  virtual void Snapshot(const NodeIdentity& node, std::vector<DomainReport> domains) = 0;
  virtual void Changed(const NodeIdentity& node, DomainReport domain) = 0;
  virtual void Gone(const NodeIdentity& node, const VmUid& uid, GoneWhy why) = 0;
  // Orders: only reported for orders that were sent to this very node.
  virtual void JobChanged(const NodeIdentity& node, const VmUid& uid, const JobView& job) = 0;
  virtual void JobForgotten(const NodeIdentity& node, const VmUid& uid, const std::string& id) = 0;
};

// The nodes we know of, kept by the home over restarts.
struct NodeRecord {
  NodeIdentity identity;
  bool revoked = false;
  absl::Time joined;
  std::string certificate_serial;
  absl::Time certificate_expires;
  // The newest of the coordinator's authorities that was handed over with that certificate:
  // SHA-256 of its public key, lower-case hexadecimal. Empty: not known (an older coordinator).
  std::string told_authority;
};
class NodeStore {
 public:
  virtual ~NodeStore() = default;
  virtual absl::StatusOr<std::optional<NodeRecord>> Find(const NodeName& node,
                                                         const Call& call) = 0;
  virtual absl::Status Put(const NodeRecord& node, const Call& call) = 0;
  virtual absl::Status Remove(const NodeName& node, const Call& call) = 0;
  virtual absl::StatusOr<std::vector<NodeRecord>> List(const Call& call) = 0;
};

}  // namespace innkeeper
