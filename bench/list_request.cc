#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "bench/paged_api_server.h"

namespace innkeeper {
namespace {

constexpr char kPrefix[] = "/apis/kubevirt.io/v1/";

void TakeParameter(const std::string& name, const std::string& value, ListRequest& request) {
  const auto number = [&](size_t& to) {
    uint64_t parsed = 0;
    if (absl::SimpleAtoi(value, &parsed)) to = parsed;
  };
  if (name == "watch") request.watch = value == "true";
  if (name == "sendInitialEvents") request.initial_events = value == "true";
  if (name == "limit") number(request.limit);
  if (name == "continue") number(request.first);
}

}  // namespace

absl::StatusOr<ListRequest> ParseListRequest(const std::string& target) {
  const size_t query = target.find('?');
  const std::string path = target.substr(0, query);
  ListRequest request;
  request.vmis = path == std::string(kPrefix) + "virtualmachineinstances";
  if (!request.vmis && path != std::string(kPrefix) + "virtualmachines")
    return absl::NotFoundError("no such collection: " + path);
  if (query == std::string::npos) return request;
  for (const auto& pair : absl::StrSplit(target.substr(query + 1), '&')) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(pair, absl::MaxSplits('=', 1));
    TakeParameter(parts.first, parts.second, request);
  }
  return request;
}

}  // namespace innkeeper
