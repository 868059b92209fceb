#pragma once
// The described Guest message, for both of its documents.

#include <google/protobuf/descriptor.h>

#include <string>

#include "innkeeper/resource/v1/resource.pb.h"

namespace innkeeper {

const google::protobuf::Descriptor& GuestMessage();
const resource::v1::Resource& GuestResource();

// The comment with the codes of reasons.def in place of "{reasons}".
std::string WithReasons(const std::string& comment);

}  // namespace innkeeper
