#include "coordinator/home/kube/mirrored_vms.h"

#include "base/log.h"
#include "coordinator/admission/vm_decode.h"
#include "coordinator/admission/vm_marks.h"
#include "coordinator/home/kube/json_fields.h"

namespace innkeeper {
namespace {

void PassOver(const KubeMeta& meta, const char* kind, const absl::Status& why) {
  LogWarning("an object makes no sense and is passed over",
             {{"kind", kind}, {"object", meta.ns + "/" + meta.name}, {"err", why}});
}

}  // namespace

void MirroredVms::Upsert(const KubeMeta& meta, std::string_view object) {
  const absl::StatusOr<VmView> vm = DecodeVm(object);
  if (!vm.ok()) return PassOver(meta, "VirtualMachine", vm.status());
  inventory_.SetVm(*vm, ReadJoinerMarks(object, joiner_finalizer_));
}

void MirroredVmis::Upsert(const KubeMeta& meta, std::string_view object) {
  const absl::StatusOr<VmiView> vmi = DecodeVmi(object);
  if (!vmi.ok()) return PassOver(meta, "VirtualMachineInstance", vmi.status());
  inventory_.SetVmi(*vmi);
}

std::vector<MirroredAsks::Kind> MirroredAsks::Kinds() {
  constexpr char kGroup[] = "instancetype.kubevirt.io", kVersion[] = "v1beta1";
  using Of = OptInSets::Kind;
  return {
      {Of::kNamespace, {.kind = {"", "v1", "namespaces"}}},
      {Of::kInstanceType, {.kind = {kGroup, kVersion, "virtualmachineinstancetypes"}}},
      {Of::kInstanceType, {.kind = {kGroup, kVersion, "virtualmachineclusterinstancetypes"}}},
      {Of::kPreference, {.kind = {kGroup, kVersion, "virtualmachinepreferences"}}},
      {Of::kPreference, {.kind = {kGroup, kVersion, "virtualmachineclusterpreferences"}}},
  };
}

void MirroredAsks::Upsert(const KubeMeta& meta, std::string_view object) {
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element json;
  absl::Status flaw;
  std::optional<std::string> enroll, old_enroll;
  if (parser.parse(object.data(), object.size()).get(json) != simdjson::SUCCESS)
    return PassOver(meta, "label", absl::InvalidArgumentError("no JSON"));
  JsonFields labels = JsonFields(json, "", flaw).In("metadata").In("labels");
  labels.Read(kEnrollLabel, enroll);
  labels.Read(kOldEnrollLabel, old_enroll);
  if (!flaw.ok()) return PassOver(meta, "label", flaw);
  inventory_.SetAsks(kind_, meta.ns, meta.name, LabelsAsk(enroll, old_enroll));
}

}  // namespace innkeeper
