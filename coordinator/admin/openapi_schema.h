#pragma once
// Messages of protobuf as JSON Schema 2020-12, as proto3's JSON mapping writes them. Heavy header:
// only the .cc files of the OpenAPI document include it.

#include <google/protobuf/descriptor.h>

#include <nlohmann/json.hpp>
#include <string>

namespace innkeeper {

// The schema of a field's value, without its comment.
nlohmann::ordered_json SchemaOf(const google::protobuf::FieldDescriptor& field);
// {"$ref": "#/components/schemas/AuditResponse.Finding"}
nlohmann::ordered_json ReferenceTo(const google::protobuf::Descriptor& message);
// The message and those declared in it, under their names.
void AddSchemas(const google::protobuf::Descriptor& message, nlohmann::ordered_json& schemas);

}  // namespace innkeeper
