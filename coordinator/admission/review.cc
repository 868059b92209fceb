#include "coordinator/admission/review.h"

#include "absl/strings/escaping.h"
#include "coordinator/admission/json_text.h"
#include "coordinator/admission/vm_fields.h"

namespace innkeeper {
namespace {

using Value = ondemand::value;

constexpr char kVersion[] = "admission.k8s.io/v1";
constexpr size_t kLongestUid = 128;  // bytes; a UUID has 36
constexpr size_t kWarningCap = 256;  // characters, as the API server cuts them

bool TakeResource(Value resource, VmReview& review) {
  return EachField(resource, [&](std::string_view key, Value value) {
    if (key == "group") return Take(value, review.group);
    if (key == "resource") return Take(value, review.resource);
    return true;
  });
}

bool TakeOperation(Value value, VmReview& review) {
  std::string text;
  if (!Take(value, text)) return false;
  if (text == "CREATE") review.operation = ReviewOperation::kCreate;
  if (text == "UPDATE") review.operation = ReviewOperation::kUpdate;
  return true;
}

// An object that is not as it should be is the schema's business, not a broken review.
bool TakeObject(Value value, VmView& view) {
  if (!IsNull(value)) TakeVm(value, view);
  return true;
}

bool TakeRequest(Value request, VmReview& review) {
  return EachField(request, [&](std::string_view key, Value value) {
    if (key == "uid") return Take(value, review.uid);
    if (key == "resource") return TakeResource(value, review);
    if (key == "subResource") return Take(value, review.subresource);
    if (key == "operation") return TakeOperation(value, review);
    if (key == "namespace") return Take(value, review.key.space);
    if (key == "name") return Take(value, review.key.name);
    if (key == "object") return TakeObject(value, review.vm);
    if (key == "oldObject" && !IsNull(value)) return TakeObject(value, review.old.emplace());
    return true;
  });
}

}  // namespace

absl::StatusOr<VmReview> DecodeReview(std::string_view body) {
  const absl::Status broken = absl::InvalidArgumentError("not an AdmissionReview with a request");
  const simdjson::padded_string padded(body);
  thread_local ondemand::parser parser;
  ondemand::document document;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS) return broken;
  VmReview review;
  std::string kind, version;
  const bool well = EachField(document, [&](std::string_view key, Value value) {
    if (key == "kind") return Take(value, kind);
    if (key == "apiVersion") return Take(value, version);
    return key == "request" ? TakeRequest(value, review) : true;
  });
  if (!well || kind != "AdmissionReview") return broken;
  if (version != kVersion) return absl::UnimplementedError("only " + std::string(kVersion));
  if (review.uid.empty() || review.uid.size() > kLongestUid) return broken;
  return review;
}

std::string EncodeAnswer(std::string_view uid, const ReviewAnswer& answer) {
  std::string out;
  out.reserve(512 + answer.patch.size() * 4 / 3);
  out += R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{)";
  out += R"("uid":)" + JsonString(uid);
  out += answer.allowed ? R"(,"allowed":true)" : R"(,"allowed":false)";
  if (!answer.allowed) {
    out += R"(,"status":{"code":422,"reason":"Invalid","message":)" + JsonString(answer.refusal);
    out += '}';
  }
  if (!answer.patch.empty()) {
    out += R"(,"patchType":"JSONPatch","patch":")";
    out += absl::Base64Escape(answer.patch);
    out += '"';
  }
  if (!answer.warnings.empty()) {
    out += R"(,"warnings":[)";
    for (size_t i = 0; i < answer.warnings.size(); ++i) {
      if (i > 0) out += ',';
      AppendJsonString(out, answer.warnings[i].substr(0, kWarningCap));
    }
    out += ']';
  }
  out += "}}";
  return out;
}

}  // namespace innkeeper
