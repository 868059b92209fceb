#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/guarded.h"
#include "coordinator/guests/node_reports.h"

namespace innkeeper {

// In memory. Thread-safe.
class FakeNodeStore final : public NodeStore {
 public:
  absl::StatusOr<std::optional<NodeRecord>> Find(const NodeName& node, const Call&) override {
    return nodes_.With([&](Nodes& nodes) -> std::optional<NodeRecord> {
      const auto found = nodes.find(node);
      return found == nodes.end() ? std::nullopt : std::optional(found->second);
    });
  }
  absl::Status Put(const NodeRecord& node, const Call&) override {
    nodes_.With([&](Nodes& nodes) { nodes[node.identity.node] = node; });
    return absl::OkStatus();
  }
  absl::Status Remove(const NodeName& node, const Call&) override {
    return nodes_.With([&](Nodes& nodes) {
      return nodes.erase(node) > 0 ? absl::OkStatus() : absl::NotFoundError(node.text);
    });
  }
  absl::StatusOr<std::vector<NodeRecord>> List(const Call&) override {
    return nodes_.With([](Nodes& nodes) {
      std::vector<NodeRecord> all;
      for (const auto& [name, record] : nodes) all.push_back(record);
      return all;
    });
  }

 private:
  using Nodes = std::map<NodeName, NodeRecord>;
  Guarded<Nodes> nodes_;
};

}  // namespace innkeeper
