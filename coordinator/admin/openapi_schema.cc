#include "coordinator/admin/openapi_schema.h"

#include <google/protobuf/descriptor.pb.h>

#include "base/descriptors.h"

namespace innkeeper {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using nlohmann::ordered_json;

// After the last dot that belongs to the package: "AuditResponse.Finding".
std::string NameIn(const Descriptor& message) {
  return message.full_name().substr(message.file()->package().size() + 1);
}

ordered_json MessageSchema(const Descriptor& message) {
  if (message.full_name() == "google.protobuf.Timestamp")
    return {{"type", "string"}, {"format", "date-time"}};
  if (message.full_name() == "google.protobuf.Duration")
    return {{"type", "string"}, {"pattern", "^-?[0-9]+(\\.[0-9]{1,9})?s$"}};
  return ReferenceTo(message);
}

ordered_json ValueSchema(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return {{"type", "boolean"}};
    case FieldDescriptor::CPPTYPE_INT32:
      return {{"type", "integer"}, {"format", "int32"}};
    case FieldDescriptor::CPPTYPE_INT64:
      return {{"type", "string"}, {"format", "int64"}, {"pattern", "^-?[0-9]+$"}};
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageSchema(*field.message_type());
    default:
      return {{"type", "string"}};
  }
}

}  // namespace

ordered_json SchemaOf(const FieldDescriptor& field) {
  if (field.is_map()) {
    return {{"type", "object"},
            {"additionalProperties", ValueSchema(*field.message_type()->map_value())}};
  }
  if (field.is_repeated()) return {{"type", "array"}, {"items", ValueSchema(field)}};
  return ValueSchema(field);
}

ordered_json ReferenceTo(const Descriptor& message) {
  return {{"$ref", "#/components/schemas/" + NameIn(message)}};
}

void AddSchemas(const Descriptor& message, ordered_json& schemas) {
  if (message.options().map_entry()) return;
  ordered_json properties = ordered_json::object();
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    ordered_json schema = SchemaOf(field);
    if (const std::string said = CommentOf(field); !said.empty()) schema["description"] = said;
    properties[field.json_name()] = schema;
  }
  ordered_json schema{{"type", "object"}};
  if (const std::string said = CommentOf(message); !said.empty()) schema["description"] = said;
  schema["properties"] = properties;
  schemas[NameIn(message)] = schema;
  for (int i = 0; i < message.nested_type_count(); ++i) {
    AddSchemas(*message.nested_type(i), schemas);
  }
}

}  // namespace innkeeper
