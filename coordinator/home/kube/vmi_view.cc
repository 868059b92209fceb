#include "coordinator/home/kube/vmi_view.h"

#include "absl/strings/ascii.h"
#include "coordinator/home/kube/json_fields.h"

namespace innkeeper {
namespace {

void ReadMetadata(JsonFields metadata, VmiView& vmi) {
  std::string deletion;
  metadata.Read("namespace", vmi.key.space);
  metadata.Read("name", vmi.key.name);
  metadata.Read("uid", vmi.uid);
  metadata.Read("deletionTimestamp", deletion);
  vmi.deleting = !deletion.empty();
  metadata.EachItem("ownerReferences", [&](JsonFields owner) {
    std::string kind;
    owner.Read("kind", kind);
    if (kind == "VirtualMachine") owner.Read("uid", vmi.vm_uid);
  });
}

void ReadConditions(JsonFields& status, VmiView& vmi) {
  status.EachItem("conditions", [&](JsonFields condition) {
    std::string type, truth;
    condition.Read("type", type);
    condition.Read("status", truth);
    if (type == "Paused") vmi.paused = truth == "True";
    if (type == "AgentConnected") vmi.agent_connected = truth == "True";
  });
}

void ReadMigration(JsonFields migration, VmiView& vmi) {
  bool completed = false, failed = false;
  std::string ended;
  migration.Read("completed", completed);
  migration.Read("failed", failed);
  migration.Read("endTimestamp", ended);
  if (completed || failed || !ended.empty()) return;
  migration.Read("sourceNode", vmi.source.text);
  migration.Read("targetNode", vmi.target.text);
}

}  // namespace

absl::StatusOr<VmiView> DecodeVmi(std::string_view object) {
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element json;
  if (parser.parse(object.data(), object.size()).get(json) != simdjson::SUCCESS)
    return absl::InvalidArgumentError("a VMI is no JSON");
  VmiView vmi;
  absl::Status flaw;
  JsonFields root(json, "", flaw);
  ReadMetadata(root.In("metadata"), vmi);
  root.In("spec").In("domain").In("firmware").Read("uuid", vmi.domain);
  absl::AsciiStrToLower(&vmi.domain);
  JsonFields status = root.In("status");
  status.Read("phase", vmi.phase);
  status.Read("nodeName", vmi.node.text);
  ReadConditions(status, vmi);
  ReadMigration(status.In("migrationState"), vmi);
  RETURN_IF_ERROR(Annotate(flaw, "VMI " + vmi.key.Text()));
  if (vmi.uid.empty() || vmi.key.name.empty() || vmi.key.space.empty())
    return absl::InvalidArgumentError("a VMI has no uid, name or namespace");
  return vmi;
}

}  // namespace innkeeper
