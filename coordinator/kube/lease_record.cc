#include "coordinator/kube/lease_record.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace innkeeper {
namespace {

using nlohmann::json;

constexpr int64_t kLongest = 24 * 3'600;  // seconds; more is no lease of anybody's

std::string Text(const json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

int64_t Number(const json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_number_integer() ? it->get<int64_t>() : 0;
}

absl::Time Time(const json& object, const char* key) {
  absl::Time time;
  std::string ignored;
  absl::ParseTime(absl::RFC3339_full, Text(object, key), &time, &ignored);
  return time;
}

// MicroTime: exactly six digits.
std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", time, absl::UTCTimeZone());
}

}  // namespace

absl::StatusOr<LeaseRecord> ParseLease(const std::string& text) {
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object() || !object.contains("metadata") || !object["metadata"].is_object())
    return absl::InvalidArgumentError("not a Lease");
  LeaseRecord record;
  record.resource_version = Text(object["metadata"], "resourceVersion");
  const json spec = object.value("spec", json::object());
  if (!spec.is_object()) return absl::InvalidArgumentError("not a Lease");
  record.holder = Text(spec, "holderIdentity");
  record.time =
      std::chrono::seconds(std::clamp<int64_t>(Number(spec, "leaseDurationSeconds"), 0, kLongest));
  record.transitions = Number(spec, "leaseTransitions");
  record.acquired = Time(spec, "acquireTime");
  record.renewed = Time(spec, "renewTime");
  return record;
}

std::string LeaseText(const LeaseRecord& record, const std::string& ns, const std::string& name) {
  json object = {{"apiVersion", "coordination.k8s.io/v1"},
                 {"kind", "Lease"},
                 {"metadata", {{"name", name}, {"namespace", ns}}}};
  if (!record.resource_version.empty())
    object["metadata"]["resourceVersion"] = record.resource_version;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(record.time).count();
  object["spec"] = {{"holderIdentity", record.holder},
                    {"leaseDurationSeconds", std::max<int64_t>(seconds, 1)},
                    {"leaseTransitions", record.transitions},
                    {"acquireTime", TimeText(record.acquired)},
                    {"renewTime", TimeText(record.renewed)}};
  return object.dump();
}

}  // namespace innkeeper
