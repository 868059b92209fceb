#include "coordinator/home/kube/testing/api_server.h"

#include <nlohmann/json.hpp>

#include "base/testing/json_schema.h"
#include "coordinator/home/kube/guest_codec.h"
#include "coordinator/home/kube/guest_description.h"
#include "coordinator/home/kube/resource_schema.h"
#include "coordinator/kube/testing/fake_objects.h"

namespace innkeeper {
namespace {

using nlohmann::json;

// The schema's default and its limits.
absl::Status AdmitGuest(json& object) {
  static const json schema = StructuralSchema(GuestMessage());
  if (object.contains("spec")) object["spec"]["identity"].emplace("generation", 0);
  json judged = object;
  for (const char* name : {"apiVersion", "kind", "metadata"}) judged.erase(name);
  const std::vector<std::string> wrong = JsonSchema(schema).Check(schema, judged);
  return wrong.empty() ? absl::OkStatus() : Refuse(422, "Invalid", wrong.front());
}

}  // namespace

std::vector<FakeKubeKind> HomeKinds() {
  return {
      {.kind = {kGuestGroup, kGuestVersion, kGuestPlural}, .name = "Guest", .admit = AdmitGuest},
      {.kind = {"", "v1", "secrets"}, .name = "Secret", .status = false, .generation = false},
      {.kind = {"", "v1", "configmaps"}, .name = "ConfigMap", .status = false, .generation = false},
      {.kind = {"", "v1", "namespaces"}, .name = "Namespace", .namespaced = false},
      {.kind = {"coordination.k8s.io", "v1", "leases"},
       .name = "Lease",
       .status = false,
       .generation = false},
      {.kind = {"events.k8s.io", "v1", "events"},
       .name = "Event",
       .status = false,
       .generation = false}};
}

}  // namespace innkeeper
