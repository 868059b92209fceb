// Any bytes as a DNS reply: no crash, at most 200 records, every target a host name.

#include <cstddef>
#include <cstdint>

#include "coordinator/ipa/srv_reply.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::StatusOr<innkeeper::SrvAnswer> answer = innkeeper::DecodeSrvReply(data, size);
  if (!answer.ok()) return 0;
  if (answer->records.size() > innkeeper::kMostSrvRecords) __builtin_trap();
  for (const innkeeper::SrvRecord& record : answer->records) {
    if (record.target.empty() || record.target.size() > 253) __builtin_trap();
  }
  return 0;
}
