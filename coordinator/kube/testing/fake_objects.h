#pragma once
// The rules that an API server applies to one object, whatever its kind. For doubles.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "coordinator/kube/kube_client.h"

namespace innkeeper {

// A refusal with the server's code and reason: 409 "Conflict".
absl::Status Refuse(int code, const std::string& reason, const std::string& message);

// INVALID_ARGUMENT unless it is a JSON object with metadata that is one.
absl::StatusOr<nlohmann::json> ParseObject(const std::string& text);

// metadata.KEY as text; empty when it is not there.
std::string MetaText(const nlohmann::json& object, const char* key);
bool HasFinalizers(const nlohmann::json& object);

// ABORTED when the writer's idea of uid or version is not the object's.
absl::Status CheckVersion(const nlohmann::json& wanted, const nlohmann::json& old);

// What a write leaves behind: fields that only the server sets are the old ones, status and the
// rest are written apart, no finalizer is added to what is being deleted.
struct WriteRules {
  bool has_status = true;
  bool to_status = false;  // written through the status subresource
};
absl::StatusOr<nlohmann::json> Merge(const nlohmann::json& old, nlohmann::json wanted,
                                     const WriteRules& rules);

// Whether anything but metadata (and status, where it is apart) differs.
bool SpecDiffers(const nlohmann::json& a, const nlohmann::json& b, bool has_status);

// The object after the patch. ABORTED: a test did not hold, or a path was not there.
absl::StatusOr<nlohmann::json> PatchObject(const nlohmann::json& old, KubePatch form,
                                           const std::string& patch);

}  // namespace innkeeper
