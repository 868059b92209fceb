#pragma once
// AdmissionReview (admission.k8s.io/v1) of a VirtualMachine, from and to JSON.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "coordinator/admission/vm_view.h"
#include "coordinator/guests/ids.h"

namespace innkeeper {

enum class ReviewOperation { kCreate, kUpdate, kOther };

struct VmReview {
  std::string uid;
  ReviewOperation operation = ReviewOperation::kOther;
  std::string group, resource, subresource;  // request.resource, request.subResource
  GuestKey key;                              // an empty name: the API server will choose it
  VmView vm;
  std::optional<VmView> old;  // with kUpdate

  bool IsOfVms() const {
    return group == "kubevirt.io" && resource == "virtualmachines" && subresource.empty();
  }
};
// INVALID_ARGUMENT: not JSON, no AdmissionReview, or without a request and its uid. UNIMPLEMENTED:
// another version of it. An object that is no VirtualMachine is no error: vm.ill_formed.
// Any thread; each keeps a parser.
absl::StatusOr<VmReview> DecodeReview(std::string_view body);

struct ReviewAnswer {
  bool allowed = true;
  std::string patch;    // JSON Patch; empty: none
  std::string refusal;  // for people, when not allowed
  std::vector<std::string> warnings;
};
std::string EncodeAnswer(std::string_view uid, const ReviewAnswer& answer);

}  // namespace innkeeper
