#include "coordinator/home/kube/kube_node_store.h"

#include <nlohmann/json.hpp>

#include "coordinator/guests/home.h"

namespace innkeeper {
namespace {

using nlohmann::json;

constexpr char kPrefix[] = "node/";

std::string NameIn(const NodeName& node) { return kPrefix + node.text; }

Secret Encode(const NodeRecord& node) {
  return Secret(json{{"namespace", node.identity.space},
                     {"revoked", node.revoked},
                     {"joined", absl::ToUnixNanos(node.joined)},
                     {"serial", node.certificate_serial},
                     {"expires", absl::ToUnixNanos(node.certificate_expires)},
                     {"told_authority", node.told_authority}}
                    .dump(-1, ' ', false, json::error_handler_t::replace));
}

absl::StatusOr<NodeRecord> Decode(const NodeName& node, const Secret& bytes) {
  const json in = json::parse(bytes.Reveal(), nullptr, false);
  const auto text = [&](const char* name) { return in.contains(name) && in[name].is_string(); };
  const auto number = [&](const char* name) {
    return in.contains(name) && in[name].is_number_integer();
  };
  const bool good = in.is_object() && text("namespace") && text("serial") && number("joined") &&
                    text("told_authority") && number("expires") && in.contains("revoked") &&
                    in["revoked"].is_boolean();
  if (!good) return absl::DataLossError("the record of node " + node.text + " is damaged");
  NodeRecord record;
  record.identity = {node, in["namespace"]};
  record.revoked = in["revoked"];
  record.joined = absl::FromUnixNanos(in["joined"].get<int64_t>());
  record.certificate_serial = in["serial"];
  record.certificate_expires = absl::FromUnixNanos(in["expires"].get<int64_t>());
  record.told_authority = in["told_authority"];
  return record;
}

}  // namespace

absl::StatusOr<std::optional<NodeRecord>> KubeNodeStore::Find(const NodeName& node,
                                                              const Call& call) {
  const absl::StatusOr<VaultEntry> entry = vault_.Read(NameIn(node), call);
  // A name that the vault cannot have is nobody's.
  if (absl::IsNotFound(entry.status()) || absl::IsInvalidArgument(entry.status()))
    return std::optional<NodeRecord>();
  RETURN_IF_ERROR(entry.status());
  ASSIGN_OR_RETURN(NodeRecord record, Decode(node, entry->bytes));
  return std::optional<NodeRecord>(std::move(record));
}

// The last one to write wins, as in a table's row; a race is ABORTED and tried again by its caller.
absl::Status KubeNodeStore::Put(const NodeRecord& node, const Call& call) {
  const std::string name = NameIn(node.identity.node);
  const absl::StatusOr<VaultEntry> entry = vault_.Read(name, call);
  if (!entry.ok() && !absl::IsNotFound(entry.status())) return entry.status();
  const int64_t version = entry.ok() ? entry->version : 0;
  return vault_.Write(name, Encode(node), version, call).status();
}

absl::Status KubeNodeStore::Remove(const NodeName& node, const Call& call) {
  ASSIGN_OR_RETURN(const VaultEntry entry, vault_.Read(NameIn(node), call));
  return vault_.Remove(NameIn(node), entry.version, call);
}

absl::StatusOr<std::vector<NodeRecord>> KubeNodeStore::List(const Call& call) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, vault_.List(kPrefix, call));
  std::vector<NodeRecord> nodes;
  for (const std::string& name : names) {
    ASSIGN_OR_RETURN(std::optional<NodeRecord> node, Find({name.substr(sizeof kPrefix - 1)}, call));
    if (node) nodes.push_back(*std::move(node));  // else removed in between
  }
  return nodes;
}

}  // namespace innkeeper
