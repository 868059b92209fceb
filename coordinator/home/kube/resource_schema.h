#pragma once
// Messages of protobuf as structural schemas of Kubernetes, by the options of
// proto/innkeeper/resource/v1/resource.proto. Heavy header: only for what writes documents.
// Source:
// https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/

#include <google/protobuf/descriptor.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "innkeeper/resource/v1/resource.pb.h"

namespace innkeeper {

// type, description, properties and limits of a message, those within it included. References are
// not allowed in such schemas, so a message that contains itself is a bug.
nlohmann::ordered_json StructuralSchema(const google::protobuf::Descriptor& message);

// An enum's values as they stand in objects, the unspecified one left out: "CloudInit" of
// DELIVERY_METHOD_CLOUD_INIT.
struct ResourceEnumValue {
  std::string name;
  std::string description;
};
std::vector<ResourceEnumValue> ResourceEnumValues(const google::protobuf::EnumDescriptor& type);

const resource::v1::Limits& LimitsOf(const google::protobuf::FieldDescriptor& field);

}  // namespace innkeeper
