#include "coordinator/home/kube/guest_crd.h"

#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>

#include "coordinator/home/kube/guest_description.h"
#include "coordinator/home/kube/resource_schema.h"

namespace innkeeper {
namespace {

using nlohmann::ordered_json;

constexpr char kHeader[] =
    "# Written from proto/innkeeper/guest/v1alpha1/guest.proto by scripts/reference.\n";

ordered_json Columns(const resource::v1::Resource& resource) {
  ordered_json columns = ordered_json::array();
  for (const resource::v1::Column& column : resource.columns()) {
    ordered_json entry{{"name", column.name()},
                       {"type", column.type()},
                       {"jsonPath", column.path()},
                       {"description", column.description()}};
    if (column.wide()) entry["priority"] = 1;
    columns.push_back(entry);
  }
  return columns;
}

ordered_json Names(const resource::v1::Resource& resource) {
  const std::string kind = GuestMessage().name();
  return {{"kind", kind},
          {"listKind", kind + "List"},
          {"plural", resource.plural()},
          {"singular", resource.singular()},
          {"shortNames", resource.short_names()},
          {"categories", resource.categories()}};
}

ordered_json Definition() {
  const resource::v1::Resource& resource = GuestResource();
  const ordered_json version{{"name", resource.version()},
                             {"served", true},
                             {"storage", true},
                             {"subresources", {{"status", ordered_json::object()}}},
                             {"additionalPrinterColumns", Columns(resource)},
                             {"schema", {{"openAPIV3Schema", StructuralSchema(GuestMessage())}}}};
  return {{"apiVersion", "apiextensions.k8s.io/v1"},
          {"kind", "CustomResourceDefinition"},
          {"metadata", {{"name", resource.plural() + "." + resource.group()}}},
          {"spec",
           {{"group", resource.group()},
            {"scope", "Namespaced"},
            {"names", Names(resource)},
            {"versions", ordered_json::array({version})}}}};
}

// Every string is quoted: none is ever taken for a number or a truth value.
void Emit(const ordered_json& json, YAML::Emitter& out) {
  if (json.is_object()) {
    if (json.empty()) out << YAML::Flow;
    out << YAML::BeginMap;
    for (const auto& [key, value] : json.items()) {
      out << YAML::Key << key << YAML::Value;
      Emit(value, out);
    }
    out << YAML::EndMap;
  } else if (json.is_array()) {
    const bool scalars = json.empty() || !json.front().is_structured();
    out << (scalars ? YAML::Flow : YAML::Block) << YAML::BeginSeq;
    for (const ordered_json& item : json) Emit(item, out);
    out << YAML::EndSeq;
  } else if (json.is_string()) {
    const std::string text = WithReasons(json.get<std::string>());
    if (text.find('\n') != std::string::npos) {
      out << YAML::Literal << text;
    } else {
      out << YAML::DoubleQuoted << text;
    }
  } else if (json.is_boolean()) {
    out << json.get<bool>();
  } else {
    out << json.get<int64_t>();
  }
}

}  // namespace

std::string GuestCrd() {
  YAML::Emitter out;
  Emit(Definition(), out);
  return kHeader + std::string(out.c_str()) + "\n";
}

}  // namespace innkeeper
