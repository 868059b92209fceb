#include "coordinator/kube/testing/fake_objects.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "coordinator/kube/kube_failure.h"

namespace innkeeper {
namespace {

using nlohmann::json;

constexpr const char* kServers[] = {"uid", "creationTimestamp", "deletionTimestamp",
                                    "deletionGracePeriodSeconds", "generation"};

void Keep(const json& old, json& wanted, const char* key) {
  json& metadata = wanted["metadata"];
  if (old["metadata"].contains(key)) {
    metadata[key] = old["metadata"][key];
  } else {
    metadata.erase(key);
  }
}

absl::Status CheckFinalizers(const json& old, const json& wanted) {
  if (!old["metadata"].contains("deletionTimestamp") || !HasFinalizers(wanted))
    return absl::OkStatus();
  const json& before = old["metadata"]["finalizers"];
  for (const json& one : wanted["metadata"]["finalizers"]) {
    if (std::ranges::find(before, one) == before.end())
      return Refuse(422, "Invalid",
                    "metadata.finalizers: no new finalizers can be added if the object is being "
                    "deleted: " +
                        one.dump());
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Refuse(int code, const std::string& reason, const std::string& message) {
  return KubeStatus({.code = code, .reason = reason, .message = message}, "fake");
}

absl::StatusOr<json> ParseObject(const std::string& text) {
  json object = json::parse(text, nullptr, false);
  if (!object.is_object()) return Refuse(400, "BadRequest", "the object is not JSON");
  if (object.contains("metadata") && !object["metadata"].is_object())
    return Refuse(400, "BadRequest", "metadata is no object");
  if (!object.contains("metadata")) object["metadata"] = json::object();
  return object;
}

std::string MetaText(const json& object, const char* key) {
  const auto metadata = object.find("metadata");
  return metadata == object.end() ? "" : metadata->value(key, std::string());
}

bool HasFinalizers(const json& object) {
  const json& metadata = object["metadata"];
  return metadata.contains("finalizers") && !metadata["finalizers"].empty();
}

absl::Status CheckVersion(const json& wanted, const json& old) {
  for (const char* key : {"uid", "resourceVersion"}) {
    const std::string theirs = MetaText(wanted, key);
    if (!theirs.empty() && theirs != MetaText(old, key))
      return Refuse(409, "Conflict",
                    std::string("the object has been modified: ") + key + " is " +
                        MetaText(old, key) + ", not " + theirs);
  }
  return absl::OkStatus();
}

absl::StatusOr<json> Merge(const json& old, json wanted, const WriteRules& rules) {
  if (rules.to_status) {
    json merged = old;
    merged.erase("status");
    if (wanted.contains("status")) merged["status"] = wanted["status"];
    return merged;
  }
  for (const char* key : kServers) Keep(old, wanted, key);
  for (const char* key : {"resourceVersion", "name", "namespace"}) Keep(old, wanted, key);
  wanted["metadata"].erase("managedFields");
  for (const char* key : {"finalizers", "labels", "annotations", "ownerReferences"}) {
    json& metadata = wanted["metadata"];
    if (metadata.contains(key) && metadata[key].empty()) metadata.erase(key);
  }
  if (rules.has_status) {
    wanted.erase("status");
    if (old.contains("status")) wanted["status"] = old["status"];
  }
  RETURN_IF_ERROR(CheckFinalizers(old, wanted));
  return wanted;
}

bool SpecDiffers(const json& a, const json& b, bool has_status) {
  json left = a, right = b;
  for (json* each : {&left, &right}) {
    each->erase("metadata");
    if (has_status) each->erase("status");
  }
  return left != right;
}

absl::StatusOr<json> PatchObject(const json& old, KubePatch form, const std::string& patch) {
  const json changes = json::parse(patch, nullptr, false);
  json patched = old;
  if (form == KubePatch::kMerge) {
    if (!changes.is_object()) return Refuse(400, "BadRequest", "the patch is no JSON object");
    patched.merge_patch(changes);
    return patched;
  }
  if (!changes.is_array()) return Refuse(400, "BadRequest", "the patch is no JSON list");
  try {
    return patched.patch(changes);
  } catch (const json::exception& e) {
    return absl::AbortedError(std::string("the patch does not fit: ") + e.what());
  }
}

}  // namespace innkeeper
