#include "coordinator/admission/testing/vm_builder.h"

#include "absl/strings/escaping.h"
#include "base/log.h"

namespace innkeeper {
namespace {

using nlohmann::json;

json Request(const std::string& operation, const json& vm) {
  const json metadata = vm.value("metadata", json::object());
  json request = {
      {"uid", "705ab4f5-6393-11e8-b7cc-42010a800002"},
      {"kind", {{"group", "kubevirt.io"}, {"version", "v1"}, {"kind", "VirtualMachine"}}},
      {"resource", {{"group", "kubevirt.io"}, {"version", "v1"}, {"resource", "virtualmachines"}}},
      {"operation", operation},
      {"namespace", metadata.value("namespace", "")},
      {"userInfo", {{"username", "somebody"}, {"groups", {"system:authenticated"}}}},
      {"object", vm},
      {"oldObject", nullptr},
      {"dryRun", false},
      {"options", nullptr}};
  if (metadata.contains("name")) request["name"] = metadata["name"];
  return {{"kind", "AdmissionReview"}, {"apiVersion", "admission.k8s.io/v1"}, {"request", request}};
}

Outcome Admit(const VmAdmission& admission, const std::string& body, const json& vm) {
  const absl::StatusOr<VmReview> review = DecodeReview(body);
  IK_CHECK(review.ok());
  const AdmissionVerdict verdict = admission.Admit(*review);
  const json response = json::parse(EncodeAnswer(review->uid, verdict.answer)).at("response");
  Outcome outcome{verdict.result, response.at("allowed")};
  outcome.warnings = response.value("warnings", json::array());
  if (!outcome.allowed) outcome.refusal = response["status"]["message"];
  outcome.vm = vm;
  if (!response.contains("patch")) return outcome;
  std::string patch;
  IK_CHECK(absl::Base64Unescape(response["patch"].get<std::string>(), &patch));
  outcome.patch = json::parse(patch);
  outcome.vm = vm.patch(outcome.patch);
  return outcome;
}

void Drop(json& parent, const char* key) {
  if (parent.is_object() && parent.contains(key) && parent[key].empty()) parent.erase(key);
}

}  // namespace

json VmWith(const json& cloud_init, const std::string& name) {
  json vm = {{"apiVersion", "kubevirt.io/v1"},
             {"kind", "VirtualMachine"},
             {"metadata", {{"name", name}, {"namespace", "shop"}, {"creationTimestamp", nullptr}}}};
  json& spec = vm["spec"]["template"]["spec"];
  vm["spec"]["runStrategy"] = "Always";
  spec["domain"]["devices"]["disks"] = {{{"name", "root"}, {"disk", {{"bus", "virtio"}}}}};
  spec["volumes"] = {{{"name", "root"}, {"containerDisk", {{"image", "debian"}}}}};
  if (cloud_init.is_null()) return vm;
  spec["domain"]["devices"]["disks"].push_back({{"name", "cloudinitdisk"}});
  spec["volumes"].push_back({{"name", "cloudinitdisk"}, {"cloudInitNoCloud", cloud_init}});
  return vm;
}

json LabelledVm(const std::string& text) { return Labelled(VmWith({{"userData", text}})); }

json Labelled(json vm, const std::string& value) {
  vm["metadata"]["labels"]["innkeeper.dev/enroll"] = value;
  return vm;
}

json Annotated(json vm, const std::string& key, const std::string& value) {
  vm["metadata"]["annotations"][key] = value;
  return vm;
}

json Stopped(json vm, const std::string& status) {
  vm["status"]["printableStatus"] = status;
  return vm;
}

std::string CreateReview(const json& vm) { return Request("CREATE", vm).dump(); }

std::string UpdateReview(const json& old, const json& vm) {
  json review = Request("UPDATE", vm);
  review["request"]["oldObject"] = old;
  return review.dump();
}

Outcome AdmitCreate(const VmAdmission& admission, const json& vm) {
  return Admit(admission, CreateReview(vm), vm);
}

Outcome AdmitUpdate(const VmAdmission& admission, const json& old, const json& vm) {
  return Admit(admission, UpdateReview(old, vm), vm);
}

json WithoutEmpty(json vm) {
  json& spec = vm["spec"]["template"]["spec"];
  if (spec.contains("domain")) {
    if (spec["domain"].contains("devices")) Drop(spec["domain"]["devices"], "disks");
    Drop(spec["domain"], "devices");
  }
  Drop(spec, "domain");
  Drop(spec, "volumes");
  Drop(vm["metadata"], "annotations");
  return vm;
}

json& Volume(json& vm, size_t index) { return vm["spec"]["template"]["spec"]["volumes"][index]; }

}  // namespace innkeeper
