#include "bench/webhook_review.h"

#include "absl/strings/escaping.h"
#include "coordinator/admission/testing/vm_builder.h"

namespace innkeeper {
namespace {

using nlohmann::json;

std::string CloudConfig() {
  std::string text =
      "#cloud-config\nhostname: web\nusers:\n- name: ops\n  groups: [sudo]\n  shell: /bin/bash\n"
      "  ssh_authorized_keys:\n  - ssh-ed25519 " +
      std::string(68, 'A') +
      " ops@example.test\npackages: [nginx, chrony, rsyslog]\nwrite_files:\n";
  for (const char* file :
       {"nginx/sites-enabled/shop", "rsyslog.d/50-central.conf", "chrony/shop"}) {
    text += "- path: /etc/" + std::string(file) + "\n  permissions: '0644'\n  content: |\n";
    for (int line = 0; line < 7; ++line) {
      text += "    setting_" + std::to_string(line) + " \"some value of this service\";\n";
    }
  }
  return text + "runcmd:\n- [systemctl, enable, --now, nginx]\n- [systemctl, restart, rsyslog]\n";
}

// What kubectl and the API server add to what a person wrote.
void AddBookkeeping(json& metadata) {
  metadata["uid"] = "9f1e24f6-7f6e-4c5b-9c39-5a8f0a1f3d2b";
  metadata["generation"] = 1;
  metadata["creationTimestamp"] = "2026-01-02T03:04:05Z";
  metadata["labels"]["app.kubernetes.io/name"] = "shop";
  metadata["labels"]["app.kubernetes.io/part-of"] = "storefront";
  metadata["annotations"]["example.test/owner"] = "team storefront, room 4";
  const json fields = json::parse(
      R"({"f:metadata":{"f:annotations":{".":{},"f:example.test/owner":{}},
           "f:labels":{".":{},"f:app.kubernetes.io/name":{},"f:app.kubernetes.io/part-of":{},
             "f:innkeeper.dev/enroll":{}}},
          "f:spec":{".":{},"f:runStrategy":{},"f:template":{".":{},
           "f:metadata":{".":{},"f:labels":{".":{},"f:app.kubernetes.io/name":{},"f:kubevirt.io/vm":{}}},
           "f:spec":{".":{},"f:domain":{".":{},"f:cpu":{".":{},"f:cores":{},"f:sockets":{},"f:threads":{}},
             "f:devices":{".":{},"f:disks":{},"f:interfaces":{},"f:rng":{}},"f:machine":{".":{},"f:type":{}},
             "f:memory":{".":{},"f:guest":{}}},"f:evictionStrategy":{},"f:networks":{},
             "f:terminationGracePeriodSeconds":{},"f:volumes":{}}}}})");
  metadata["managedFields"] = {{{"manager", "kubectl-create"},
                                {"operation", "Update"},
                                {"apiVersion", "kubevirt.io/v1"},
                                {"time", "2026-01-02T03:04:05Z"},
                                {"fieldsType", "FieldsV1"},
                                {"fieldsV1", fields}}};
}

// What the API server says of who asks and of what it was asked.
void AddRequest(json& request) {
  request["requestKind"] = request["kind"];
  request["requestResource"] = request["resource"];
  request["userInfo"] = {
      {"username", "system:serviceaccount:shop:deployer"},
      {"uid", "1c2d3e4f-0000-4000-8000-000000000001"},
      {"groups",
       {"system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"}}};
  request["options"] = {{"kind", "CreateOptions"},
                        {"apiVersion", "meta.k8s.io/v1"},
                        {"fieldManager", "kubectl-create"},
                        {"fieldValidation", "Strict"}};
}

json BenchVm() {
  json vm = LabelledVm(CloudConfig());
  AddBookkeeping(vm["metadata"]);
  json& pod = vm["spec"]["template"];
  pod["metadata"]["labels"] = {{"kubevirt.io/vm", "web"}, {"app.kubernetes.io/name", "shop"}};
  json& spec = pod["spec"];
  spec["domain"]["cpu"] = {{"cores", 2}, {"sockets", 1}, {"threads", 1}};
  spec["domain"]["memory"] = {{"guest", "4Gi"}};
  spec["domain"]["machine"] = {{"type", "q35"}};
  spec["domain"]["devices"]["rng"] = json::object();
  spec["domain"]["devices"]["interfaces"] = {{{"name", "default"}, {"masquerade", json::object()}},
                                             {{"name", "lan"}, {"bridge", json::object()}}};
  spec["networks"] = {{{"name", "default"}, {"pod", json::object()}},
                      {{"name", "lan"}, {"multus", {{"networkName", "shop/lan"}}}}};
  spec["terminationGracePeriodSeconds"] = 180;
  spec["evictionStrategy"] = "LiveMigrate";
  return vm;
}

}  // namespace

std::string BenchReview() {
  json review = json::parse(CreateReview(BenchVm()));
  AddRequest(review["request"]);
  return review.dump();
}

absl::StatusOr<json> ReviewedVm(const std::string& answer) {
  const json review = json::parse(answer, nullptr, false);
  const json asked = json::parse(BenchReview())["request"];
  if (!review.is_object() || !review.contains("response")) {
    return absl::InvalidArgumentError("no AdmissionReview: " + answer);
  }
  const json& response = review["response"];
  std::string patch;
  if (response.value("uid", "") != asked["uid"] || !response.value("allowed", false) ||
      response.value("patchType", "") != "JSONPatch" ||
      !absl::Base64Unescape(response.value("patch", ""), &patch)) {
    return absl::InvalidArgumentError("it does not allow and patch: " + answer);
  }
  try {
    return asked["object"].patch(json::parse(patch));
  } catch (const json::exception& error) {
    return absl::InvalidArgumentError("its patch does not apply: " + std::string(error.what()));
  }
}

}  // namespace innkeeper
