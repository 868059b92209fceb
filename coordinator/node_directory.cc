#include "coordinator/node_directory.h"

#include <map>

#include "proto/time.h"

namespace innkeeper {
namespace {

admin::v1::Node ShowRecord(const NodeRecord& record) {
  admin::v1::Node node;
  node.set_name(record.identity.node.text);
  node.set_namespace_(record.identity.space);
  node.set_state(record.revoked ? "revoked" : "disconnected");
  *node.mutable_since() = ToProtoTime(record.joined);
  *node.mutable_certificate_expires() = ToProtoTime(record.certificate_expires);
  return node;
}

void AddView(const NodeView& view, admin::v1::Node& node) {
  if (node.state() != "revoked") node.set_state(view.connected ? "connected" : "disconnected");
  *node.mutable_since() = ToProtoTime(view.since);
  node.set_version(view.version);
  node.set_address(view.address);
  node.set_domains(static_cast<int32_t>(view.domains));
  *node.mutable_certificate_expires() = ToProtoTime(view.certificate_expires);
  if (view.bus) node.set_libvirt(*view.bus ? std::to_string(view.units) + " units" : "no bus");
}

}  // namespace

absl::StatusOr<std::vector<admin::v1::Node>> NodeDirectory::List(const Call& call) {
  ASSIGN_OR_RETURN(const std::vector<NodeRecord> records, parts_.store.List(call));
  std::map<std::string, NodeView> views;
  for (NodeView& view : parts_.fleet.Nodes()) {
    views.emplace(view.identity.node.text, std::move(view));
  }
  std::vector<admin::v1::Node> nodes;
  for (const NodeRecord& record : records) {
    nodes.push_back(ShowRecord(record));
    const auto view = views.find(record.identity.node.text);
    if (view != views.end()) AddView(view->second, nodes.back());
  }
  return nodes;
}

absl::StatusOr<std::vector<std::string>> NodeDirectory::Unaware(const std::string& authority,
                                                                const Call& call) {
  ASSIGN_OR_RETURN(const std::vector<NodeRecord> records, parts_.store.List(call));
  std::map<std::string, absl::Time> seen;  // the certificate last shown here, by its end
  for (const NodeView& view : parts_.fleet.Nodes()) {
    seen[view.identity.node.text] = view.certificate_expires;
  }
  std::vector<std::string> unaware;
  for (const NodeRecord& record : records) {
    const auto view = seen.find(record.identity.node.text);
    const bool knows = record.told_authority == authority && view != seen.end() &&
                       view->second == record.certificate_expires;
    if (!record.revoked && !knows) unaware.push_back(record.identity.node.text);
  }
  return unaware;
}

absl::StatusOr<admin::v1::Node> NodeDirectory::Show(const NodeName& node, const Call& call) {
  ASSIGN_OR_RETURN(const std::vector<admin::v1::Node> nodes, List(call));
  for (const admin::v1::Node& one : nodes) {
    if (one.name() == node.text) return one;
  }
  return absl::NotFoundError("no node '" + node.text + "'");
}

absl::StatusOr<admin::v1::Node> NodeDirectory::Revoke(const NodeName& node, const Call& call) {
  RETURN_IF_ERROR(parts_.gate.Revoke(node, call));
  parts_.end_streams(node, absl::PermissionDeniedError("the node is revoked"));
  return Show(node, call);
}

absl::StatusOr<admin::v1::Node> NodeDirectory::Forget(const NodeName& node, const Call& call) {
  ASSIGN_OR_RETURN(admin::v1::Node last, Show(node, call));
  RETURN_IF_ERROR(parts_.gate.Revoke(node, call));
  parts_.end_streams(node, absl::PermissionDeniedError("the node is forgotten"));
  RETURN_IF_ERROR(parts_.store.Remove(node, call));
  last.set_state("forgotten");
  return last;
}

void NodeDirectory::SendAway(const absl::Status& why) {
  for (const NodeView& node : parts_.fleet.Nodes()) {
    if (node.connected) parts_.end_streams(node.identity.node, why);
  }
}

}  // namespace innkeeper
