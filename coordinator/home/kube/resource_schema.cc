#include "coordinator/home/kube/resource_schema.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "base/descriptors.h"

namespace innkeeper {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using nlohmann::ordered_json;
using resource::v1::Limits;

// What time.ParseDuration of Go reads, as metav1.Duration is written.
constexpr char kDuration[] = "^-?([0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h))+$";

// DELIVERY_METHOD_CLOUD_INIT of DeliveryMethod: CloudInit.
std::string CamelName(const EnumValueDescriptor& value) {
  std::string prefix;
  for (const char c : value.type()->name()) {
    if (absl::ascii_isupper(static_cast<unsigned char>(c)) && !prefix.empty()) prefix += '_';
    prefix += absl::ascii_toupper(static_cast<unsigned char>(c));
  }
  std::string name;
  for (const auto& word : absl::StrSplit(value.name().substr(prefix.size() + 1), '_')) {
    std::string lower = absl::AsciiStrToLower(word);
    lower[0] = absl::ascii_toupper(static_cast<unsigned char>(lower[0]));
    name += lower;
  }
  return name;
}

ordered_json EnumSchema(const EnumDescriptor& type) {
  ordered_json names = ordered_json::array();
  for (const ResourceEnumValue& value : ResourceEnumValues(type)) names.push_back(value.name);
  return {{"type", "string"}, {"enum", names}};
}

ordered_json MessageSchema(const Descriptor& message) {
  if (message.full_name() == "google.protobuf.Timestamp")
    return {{"type", "string"}, {"format", "date-time"}};
  if (message.full_name() == "google.protobuf.Duration")
    return {{"type", "string"}, {"pattern", kDuration}};
  return StructuralSchema(message);
}

ordered_json ValueSchema(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return {{"type", "boolean"}};
    case FieldDescriptor::CPPTYPE_INT32:
      return {{"type", "integer"}, {"format", "int32"}};
    case FieldDescriptor::CPPTYPE_INT64:
      return {{"type", "integer"}, {"format", "int64"}};
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumSchema(*field.enum_type());
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageSchema(*field.message_type());
    default:
      return {{"type", "string"}};
  }
}

void AddValueLimits(const Limits& limits, ordered_json& schema) {
  if (!limits.pattern().empty()) schema["pattern"] = limits.pattern();
  if (limits.has_min_length()) schema["minLength"] = limits.min_length();
  if (limits.has_max_length()) schema["maxLength"] = limits.max_length();
  if (limits.has_minimum()) schema["minimum"] = limits.minimum();
  if (limits.has_maximum()) schema["maximum"] = limits.maximum();
}

void AddListLimits(const Limits& limits, ordered_json& schema) {
  if (limits.has_max_items()) schema["maxItems"] = limits.max_items();
  switch (limits.list()) {
    case resource::v1::LIST_KIND_SET:
      schema["x-kubernetes-list-type"] = "set";
      break;
    case resource::v1::LIST_KIND_MAP:
      schema["x-kubernetes-list-type"] = "map";
      schema["x-kubernetes-list-map-keys"] = {limits.list_key()};
      break;
    default:
      schema["x-kubernetes-list-type"] = "atomic";
  }
}

void AddRules(const Limits& limits, ordered_json& schema) {
  for (const resource::v1::Rule& rule : limits.rules())
    schema["x-kubernetes-validations"].push_back(
        {{"rule", rule.rule()}, {"message", rule.message()}});
}

ordered_json FieldSchema(const FieldDescriptor& field) {
  const Limits& limits = LimitsOf(field);
  ordered_json schema;
  if (field.is_map()) {
    schema = {{"type", "object"},
              {"additionalProperties", ValueSchema(*field.message_type()->map_value())}};
  } else if (field.is_repeated()) {
    schema = {{"type", "array"}, {"items", ValueSchema(field)}};
    AddValueLimits(limits, schema["items"]);
    AddListLimits(limits, schema);
  } else {
    schema = ValueSchema(field);
    AddValueLimits(limits, schema);
  }
  AddRules(limits, schema);
  if (!limits.default_json().empty())
    schema["default"] = ordered_json::parse(limits.default_json());
  return schema;
}

std::string DescriptionOf(const FieldDescriptor& field) {
  std::string text = CommentOf(field);
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_ENUM) return text;
  for (const ResourceEnumValue& value : ResourceEnumValues(*field.enum_type()))
    text += "\n" + value.name + ": " + value.description;
  return text;
}

}  // namespace

const Limits& LimitsOf(const FieldDescriptor& field) {
  return field.options().GetExtension(resource::v1::limits);
}

std::vector<ResourceEnumValue> ResourceEnumValues(const EnumDescriptor& type) {
  std::vector<ResourceEnumValue> values;
  for (int i = 0; i < type.value_count(); ++i) {
    const EnumValueDescriptor& value = *type.value(i);
    if (value.number() != 0) values.push_back({CamelName(value), CommentOf(value)});
  }
  return values;
}

ordered_json StructuralSchema(const Descriptor& message) {
  ordered_json properties = ordered_json::object(), required = ordered_json::array();
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    ordered_json property = FieldSchema(field);
    property["description"] = DescriptionOf(field);
    properties[field.json_name()] = property;
    if (LimitsOf(field).required()) required.push_back(field.json_name());
  }
  ordered_json schema{{"type", "object"}, {"description", CommentOf(message)}};
  schema["properties"] = properties;
  if (!required.empty()) schema["required"] = required;
  return schema;
}

}  // namespace innkeeper
