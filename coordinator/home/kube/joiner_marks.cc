#include "coordinator/home/kube/joiner_marks.h"

#include <simdjson.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_replace.h"
#include "coordinator/home/kube/json_fields.h"

namespace innkeeper {
namespace {

using nlohmann::json;

constexpr char kAnnotations[] = "/metadata/annotations";

// RFC 6901
std::string PointerTo(const std::string& annotation) {
  return std::string(kAnnotations) + "/" +
         absl::StrReplaceAll(annotation, {{"~", "~0"}, {"/", "~1"}});
}

// `now` are the annotations, or null.
void SetAnnotation(const json& now, const char* name, const std::optional<std::string>& wanted,
                   json& patch) {
  if (!wanted) return;
  const bool there = now.is_object() && now.contains(name);
  if (there && now[name] == *wanted) return;
  if (!wanted->empty()) {
    patch.push_back({{"op", "add"}, {"path", PointerTo(name)}, {"value", *wanted}});
  } else if (there) {
    patch.push_back({{"op", "test"}, {"path", PointerTo(name)}, {"value", now[name]}});
    patch.push_back({{"op", "remove"}, {"path", PointerTo(name)}});
  }
}

void DropFinalizer(const json& now, const std::string& finalizer, json& patch) {
  const auto at = std::find(now.begin(), now.end(), json(finalizer));
  if (!now.is_array() || at == now.end()) return;
  const std::string path = "/metadata/finalizers/" + std::to_string(at - now.begin());
  patch.push_back({{"op", "test"}, {"path", path}, {"value", finalizer}});
  patch.push_back({{"op", "remove"}, {"path", path}});
}

}  // namespace

JoinerMarks ReadJoinerMarks(std::string_view object, const std::string& finalizer) {
  if (object.find("\"ipa-enroll/") == std::string_view::npos &&
      object.find(finalizer) == std::string_view::npos)
    return {};
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element json;
  if (parser.parse(object.data(), object.size()).get(json) != simdjson::SUCCESS) return {};
  absl::Status flaw;
  JoinerMarks marks;
  std::vector<std::string> finalizers;
  JsonFields metadata = JsonFields(json, "", flaw).In("metadata");
  metadata.Read("finalizers", finalizers);
  JsonFields annotations = metadata.In("annotations");
  annotations.Read(kJoinerStatusAnnotation, marks.status);
  annotations.Read(kJoinerErrorAnnotation, marks.error);
  marks.finalizer = std::find(finalizers.begin(), finalizers.end(), finalizer) != finalizers.end();
  return flaw.ok() ? marks : JoinerMarks{};
}

absl::StatusOr<std::string> JoinerPatch(const std::string& object, const std::string& uid,
                                        const std::string& finalizer, const JoinerChange& change) {
  const json vm = json::parse(object, nullptr, false);
  const json metadata = vm.is_object() ? vm.value("metadata", json()) : json();
  if (!metadata.is_object()) return absl::InvalidArgumentError("not a VirtualMachine");
  if (metadata.value("uid", json()) != uid) return absl::AbortedError("the VM is another by now");
  const json annotations = metadata.value("annotations", json());
  json changes = json::array();
  SetAnnotation(annotations, kJoinerStatusAnnotation, change.status, changes);
  SetAnnotation(annotations, kJoinerErrorAnnotation, change.error, changes);
  json patch = json::array({{{"op", "test"}, {"path", "/metadata/uid"}, {"value", uid}}});
  if (!changes.empty() && !annotations.is_object()) {
    // Nobody else's annotations, written in this moment, are to be lost.
    patch.push_back({{"op", "test"},
                     {"path", "/metadata/resourceVersion"},
                     {"value", metadata.value("resourceVersion", json())}});
    patch.push_back({{"op", "add"}, {"path", kAnnotations}, {"value", json::object()}});
  }
  patch.insert(patch.end(), changes.begin(), changes.end());
  if (change.drop_finalizer) DropFinalizer(metadata.value("finalizers", json()), finalizer, patch);
  return patch.size() == 1 ? "" : patch.dump();
}

}  // namespace innkeeper
