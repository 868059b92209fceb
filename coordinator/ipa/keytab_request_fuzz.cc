// Any bytes as a directory's answer to a request for keys: no crash, and what is accepted is within
// its limits.

#include <cstddef>
#include <cstdint>
#include <string>

#include "coordinator/ipa/keytab_request.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const innkeeper::Secret reply(std::string(reinterpret_cast<const char*>(data), size));
  const absl::StatusOr<innkeeper::NewKeys> keys = innkeeper::DecodeKeytabReply(reply);
  if (!keys.ok()) return 0;
  if (keys->keys.empty() || keys->keys.size() > 16) __builtin_trap();
  for (const innkeeper::KerberosKey& key : keys->keys) {
    if (key.key.empty() || key.key.Reveal().size() > 64) __builtin_trap();
  }
  return 0;
}
