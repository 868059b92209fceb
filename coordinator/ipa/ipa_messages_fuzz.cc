// Any bytes as the reply to one command and to a batch: no crash, no exception, and what was
// accepted can be read.

#include <cstddef>
#include <cstdint>
#include <string>

#include "coordinator/ipa/host_commands.h"
#include "coordinator/ipa/ipa_messages.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  for (const size_t commands : {size_t{1}, size_t{2}, size_t{3}}) {
    std::string body(reinterpret_cast<const char*>(data), size);
    const absl::StatusOr<innkeeper::IpaReply> reply = innkeeper::DecodeReply(body, commands, 1);
    if (!body.empty()) __builtin_trap();
    if (!reply.ok()) continue;
    if (!reply->error && reply->answers.size() != commands) __builtin_trap();
    for (const innkeeper::IpaAnswer& answer : reply->answers) {
      for (const innkeeper::IpaEntry& entry : answer.entries) {
        static_cast<void>(innkeeper::HostOf(entry));
        if (entry.attributes.contains("randompassword")) __builtin_trap();
      }
      static_cast<void>(innkeeper::MembershipOf(answer));
    }
  }
  return 0;
}
