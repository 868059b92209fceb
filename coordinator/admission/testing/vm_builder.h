#pragma once
// VirtualMachines and reviews of them as the API server sends them, and what becomes of them.

#include <nlohmann/json.hpp>
#include <string>

#include "coordinator/admission/vm_admission.h"

namespace innkeeper {

// A VM with one container disk and, unless null, a NoCloud volume named "cloudinitdisk".
nlohmann::json VmWith(const nlohmann::json& cloud_init, const std::string& name = "web");
// The same with {"userData": text}, labelled to be enrolled.
nlohmann::json LabelledVm(const std::string& text = "#cloud-config\nhostname: x\n");
nlohmann::json Labelled(nlohmann::json vm, const std::string& value = "true");
nlohmann::json Annotated(nlohmann::json vm, const std::string& key, const std::string& value);
nlohmann::json Stopped(nlohmann::json vm, const std::string& status = "Stopped");

std::string CreateReview(const nlohmann::json& vm);
std::string UpdateReview(const nlohmann::json& old, const nlohmann::json& vm);

struct Outcome {
  AdmissionResult result;
  bool allowed = false;
  nlohmann::json patch, warnings, vm;  // vm: after the patch, by an implementation not ours
  std::string refusal;
};
// Through JSON on both sides. Expects a well-formed review and a patch that applies.
Outcome AdmitCreate(const VmAdmission& admission, const nlohmann::json& vm);
Outcome AdmitUpdate(const VmAdmission& admission, const nlohmann::json& old,
                    const nlohmann::json& vm);

// {"vm": ..., without what the API server itself drops: empty annotations, lists, domain parts}.
nlohmann::json WithoutEmpty(nlohmann::json vm);

// spec.template.spec.volumes[i]
nlohmann::json& Volume(nlohmann::json& vm, size_t index);

}  // namespace innkeeper
