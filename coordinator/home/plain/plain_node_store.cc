#include "coordinator/home/plain/plain_node_store.h"

namespace innkeeper {
namespace {

absl::Status Upsert(SqliteDatabase& database, const NodeRecord& node) {
  ASSIGN_OR_RETURN(SqliteStatement put,
                   database.Prepare("INSERT OR REPLACE INTO nodes VALUES (?,?,?,?,?,?,?)"));
  return put.Bind(node.identity.node.text)
      .Bind(node.identity.space)
      .Bind(static_cast<int64_t>(node.revoked))
      .Bind(absl::ToUnixNanos(node.joined))
      .Bind(node.certificate_serial)
      .Bind(absl::ToUnixNanos(node.certificate_expires))
      .Bind(node.told_authority)
      .Run();
}

}  // namespace

absl::StatusOr<std::unique_ptr<PlainNodeStore>> PlainNodeStore::Open(Database& database) {
  std::unique_ptr<PlainNodeStore> store(new PlainNodeStore(database));
  RETURN_IF_ERROR(store->Load());
  return store;
}

absl::Status PlainNodeStore::Load() {
  ASSIGN_OR_RETURN(
      SqliteStatement rows,
      database_.database().Prepare(
          "SELECT node, space, revoked, joined, serial, expires, told_authority FROM nodes"));
  while (true) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) return absl::OkStatus();
    NodeRecord node;
    node.identity = {{rows.Text(0)}, rows.Text(1)};
    node.revoked = rows.Int(2) != 0;
    node.joined = absl::FromUnixNanos(rows.Int(3));
    node.certificate_serial = rows.Text(4);
    node.certificate_expires = absl::FromUnixNanos(rows.Int(5));
    node.told_authority = rows.Text(6);
    nodes_.With([&](auto& nodes) { nodes[node.identity.node] = node; });
  }
}

absl::StatusOr<std::optional<NodeRecord>> PlainNodeStore::Find(const NodeName& node, const Call&) {
  return nodes_.With([&](auto& nodes) -> std::optional<NodeRecord> {
    const auto it = nodes.find(node);
    return it == nodes.end() ? std::nullopt : std::optional(it->second);
  });
}

absl::Status PlainNodeStore::Put(const NodeRecord& node, const Call& call) {
  return database_.Write([node](SqliteDatabase& database) { return Upsert(database, node); },
                         [this, node] {
                           nodes_.With([&](auto& nodes) { nodes[node.identity.node] = node; });
                           changed_(node.identity.node, node);
                         },
                         call);
}

absl::Status PlainNodeStore::Remove(const NodeName& node, const Call& call) {
  const auto work = [node](SqliteDatabase& database) -> absl::Status {
    ASSIGN_OR_RETURN(SqliteStatement erase, database.Prepare("DELETE FROM nodes WHERE node=?"));
    RETURN_IF_ERROR(erase.Bind(node.text).Run());
    return database.Changes() == 1 ? absl::OkStatus() : absl::NotFoundError("node " + node.text);
  };
  const auto committed = [this, node] {
    nodes_.With([&](auto& nodes) { nodes.erase(node); });
    changed_(node, std::nullopt);
  };
  return database_.Write(work, committed, call);
}

absl::StatusOr<std::vector<NodeRecord>> PlainNodeStore::List(const Call&) {
  return nodes_.With([](auto& nodes) {
    std::vector<NodeRecord> all;
    for (const auto& [name, record] : nodes) all.push_back(record);
    return all;
  });
}

}  // namespace innkeeper
