#pragma once

#include <functional>
#include <map>
#include <memory>

#include "base/guarded.h"
#include "coordinator/guests/node_reports.h"
#include "coordinator/home/plain/database.h"

namespace innkeeper {

// Nodes as rows; reads come from memory. Thread-safe.
class PlainNodeStore final : public NodeStore {
 public:
  static absl::StatusOr<std::unique_ptr<PlainNodeStore>> Open(Database& database);

  absl::StatusOr<std::optional<NodeRecord>> Find(const NodeName& node, const Call& call) override;
  absl::Status Put(const NodeRecord& node, const Call& call) override;
  absl::Status Remove(const NodeName& node, const Call& call) override;
  absl::StatusOr<std::vector<NodeRecord>> List(const Call& call) override;

  // Called after each change with the node's record, or nothing when it was removed. One listener,
  // set before use; on the database's thread.
  void OnChange(std::function<void(const NodeName&, const std::optional<NodeRecord>&)> changed) {
    changed_ = std::move(changed);
  }

 private:
  explicit PlainNodeStore(Database& database) : database_(database) {}
  absl::Status Load();
  Database& database_;
  Guarded<std::map<NodeName, NodeRecord>> nodes_;
  std::function<void(const NodeName&, const std::optional<NodeRecord>&)> changed_ =
      [](const NodeName&, const std::optional<NodeRecord>&) {};
};

}  // namespace innkeeper
