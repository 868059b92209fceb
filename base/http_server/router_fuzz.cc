// Whatever a client asks for, the path is either refused or decoded to valid text, and routing it
// ends with a handler or none, never with an empty capture.

#include <cstdint>
#include <cstdlib>

#include "base/http_server/router.h"
#include "base/text.h"

namespace innkeeper {
namespace {

Router MakeRouter() {
  Router router;
  for (const char* pattern : {"/", "/v1/guests", "/v1/guests/{space}/{name}",
                              "/v1/{kind}/{a}/{b}/{c}", "/v1/guests/{space}/{name}:enroll"}) {
    router.Add("GET", pattern,
               [](const HttpServerRequest&, const Call&) { return HttpServerReply{}; });
  }
  return router;
}

void CheckText(const std::string& text) {
  if (!IsUtf8(text) || text.find('\0') != std::string::npos) std::abort();
}

}  // namespace
}  // namespace innkeeper

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace innkeeper;  // NOLINT(google-build-using-namespace): the only line outside it
  static const Router router = MakeRouter();
  const std::optional<Target> target =
      ParseTarget(std::string(reinterpret_cast<const char*>(bytes), size));
  if (!target) return 0;
  CheckText(target->path);
  for (const auto& [key, value] : target->query) {
    CheckText(key);
    CheckText(value);
  }
  for (const char* method : {"GET", "HEAD", "POST"}) {
    const Router::Match match = router.Find(method, target->segments);
    if (match.handler != nullptr && !match.allowed.empty()) std::abort();
    for (const auto& [name, value] : match.captured) {
      if (value.empty()) std::abort();
      CheckText(value);
    }
  }
  return 0;
}
