#pragma once
// The nodes as the admin API shows them: those on record joined with those that are connected.

#include <functional>
#include <vector>

#include "coordinator/fleet/fleet.h"
#include "coordinator/guests/node_reports.h"
#include "coordinator/pki/join.h"
#include "innkeeper/admin/v1/admin.pb.h"

namespace innkeeper {

class NodeDirectory {
 public:
  struct Parts {
    Fleet& fleet;
    NodeStore& store;
    NodeGate& gate;
    std::function<void(const NodeName&, const absl::Status& why)> end_streams;
  };
  explicit NodeDirectory(Parts parts) : parts_(std::move(parts)) {}

  absl::StatusOr<std::vector<admin::v1::Node>> List(const Call& call);
  // Refuses the node from now on and ends its streams. NOT_FOUND.
  absl::StatusOr<admin::v1::Node> Revoke(const NodeName& node, const Call& call);
  // Drops the record too: its guests go Missing, and a new node may take the name.
  absl::StatusOr<admin::v1::Node> Forget(const NodeName& node, const Call& call);
  // Ends the streams of all: their agents connect again, to whoever leads by then.
  void SendAway(const absl::Status& why);
  // Nodes that would be cut off were this authority of the coordinator (SHA-256 of its public key)
  // the only one that signs: those that have not connected with a certificate that came together
  // with it. An answer that was stored here may have been lost on its way to the node. Not revoked
  // ones.
  absl::StatusOr<std::vector<std::string>> Unaware(const std::string& authority, const Call& call);

 private:
  absl::StatusOr<admin::v1::Node> Show(const NodeName& node, const Call& call);
  const Parts parts_;
};

}  // namespace innkeeper
