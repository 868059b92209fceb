#pragma once

#include "coordinator/guests/node_reports.h"

namespace innkeeper {

class Vault;

// Nodes that joined by a token, each as an entry "node/<name>" of the vault: there are few, they
// change seldom, and who may edit them may speak for a node. Read anew with each call, so that a
// revocation on one replica counts on the other. Thread-safe; blocks.
class KubeNodeStore final : public NodeStore {
 public:
  // `vault` outlives it.
  explicit KubeNodeStore(Vault& vault) : vault_(vault) {}

  absl::StatusOr<std::optional<NodeRecord>> Find(const NodeName& node, const Call& call) override;
  absl::Status Put(const NodeRecord& node, const Call& call) override;
  absl::Status Remove(const NodeName& node, const Call& call) override;
  absl::StatusOr<std::vector<NodeRecord>> List(const Call& call) override;

 private:
  Vault& vault_;
};

}  // namespace innkeeper
