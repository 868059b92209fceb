// Whatever a body holds, parsing it ends with a message or INVALID_ARGUMENT, and what was parsed
// can be written and parsed again.

#include <google/protobuf/api.pb.h>
#include <google/protobuf/struct.pb.h>

#include <cstdint>
#include <cstdlib>

#include "base/http_server/proto_json.h"

namespace {

template <class Message>
void Check(const std::string& body) {
  Message message;
  const absl::Status parsed = innkeeper::ParseJsonBody(body, &message);
  if (!parsed.ok() && !absl::IsInvalidArgument(parsed)) std::abort();
  if (!parsed.ok()) return;
  Message again;
  if (!innkeeper::ParseJsonBody(innkeeper::ToJson(message), &again).ok()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string body(reinterpret_cast<const char*>(bytes), size);
  Check<google::protobuf::Api>(body);
  Check<google::protobuf::Struct>(body);
  return 0;
}
