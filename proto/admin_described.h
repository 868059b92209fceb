#pragma once

#include <string>

namespace innkeeper {

// admin.proto and what it imports as a serialized google.protobuf.FileDescriptorSet, with the
// source positions and comments that the generated code leaves out. Any thread, never fails.
std::string AdminDescriptorSet();

}  // namespace innkeeper
