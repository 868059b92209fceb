#include "coordinator/home/kube/guest_description.h"

#include "absl/strings/str_replace.h"
#include "base/descriptors.h"
#include "coordinator/guests/reasons.h"
#include "proto/described.h"

namespace innkeeper {

const google::protobuf::Descriptor& GuestMessage() {
  static const google::protobuf::Descriptor& message =
      *DescribedFile(GuestDescriptorSet(), "innkeeper/guest/v1alpha1/guest.proto")
           .FindMessageTypeByName("Guest");
  return message;
}

const resource::v1::Resource& GuestResource() {
  return GuestMessage().options().GetExtension(resource::v1::resource);
}

std::string WithReasons(const std::string& comment) {
  std::string codes;
  for (const Reason reason : AllReasons())
    codes += (codes.empty() ? "" : ", ") + std::string(TextOf(reason).code);
  return absl::StrReplaceAll(comment, {{"{reasons}", codes}});
}

}  // namespace innkeeper
