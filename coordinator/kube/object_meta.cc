#include "coordinator/kube/object_meta.h"

#include <simdjson.h>

#include <utility>

namespace innkeeper {
namespace {

using simdjson::SUCCESS;
using simdjson::ondemand::field;
using simdjson::ondemand::object;
using simdjson::ondemand::value;

constexpr size_t kPadding = 64;  // bytes: kube_client.h

bool IsEndOfInitialEvents(value& annotations) {
  object map;
  std::string_view text;
  return annotations.get_object().get(map) == SUCCESS &&
         map["k8s.io/initial-events-end"].get_string().get(text) == SUCCESS && text == "true";
}

std::string* Place(std::string_view key, KubeMeta& meta) {
  if (key == "name") return &meta.name;
  if (key == "namespace") return &meta.ns;
  if (key == "uid") return &meta.uid;
  return key == "resourceVersion" ? &meta.resource_version : nullptr;
}

bool ReadFields(object& metadata, KubeMeta& meta) {
  for (auto entry : metadata) {
    field one;
    std::string_view key, text;
    if (std::move(entry).get(one) != SUCCESS) return false;
    if (one.unescaped_key().get(key) != SUCCESS) return false;
    if (key == "annotations") meta.ends_initial_events = IsEndOfInitialEvents(one.value());
    std::string* const place = Place(key, meta);
    if (place == nullptr) continue;
    if (one.value().get_string().get(text) != SUCCESS) return false;
    *place = text;
  }
  return true;
}

}  // namespace

absl::StatusOr<KubeMeta> ReadMeta(std::string_view text) {
  thread_local simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  object metadata;
  KubeMeta meta;
  const simdjson::padded_string_view padded(text.data(), text.size(), text.size() + kPadding);
  if (parser.iterate(padded).get(document) != SUCCESS ||
      document.find_field_unordered("metadata").get_object().get(metadata) != SUCCESS ||
      !ReadFields(metadata, meta)) {
    return absl::InvalidArgumentError("an object without metadata");
  }
  return meta;
}

}  // namespace innkeeper
