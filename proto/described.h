#pragma once

#include <string>

namespace innkeeper {

// A contract and what it imports as a serialized google.protobuf.FileDescriptorSet, with the source
// positions and comments that the generated code leaves out. Any thread, never fails.
std::string AdminDescriptorSet();  // innkeeper/admin/v1/admin.proto
std::string GuestDescriptorSet();  // innkeeper/guest/v1alpha1/guest.proto

}  // namespace innkeeper
