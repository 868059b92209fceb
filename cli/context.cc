#include "cli/context.h"

#include <cstdio>
#include <vector>

#include "base/text.h"
#include "cli/exit_codes.h"

namespace innkeeper {

OutputFormat CliContext::format() const {
  if (output == "wide") return OutputFormat::kWide;
  if (output == "json") return OutputFormat::kJson;
  if (output == "yaml") return OutputFormat::kYaml;
  if (output == "name") return OutputFormat::kName;
  return OutputFormat::kTable;
}

absl::StatusOr<ApiClient*> CliContext::Client() {
  if (!client_) {
    ASSIGN_OR_RETURN(client_, ApiClient::Create(api));
  }
  return client_.get();
}

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "innkeeper: %s\n", std::string(status.message()).c_str());
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
      return kCliNotFound;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return kCliDenied;
    case absl::StatusCode::kUnavailable:
      return kCliUnavailable;
    case absl::StatusCode::kDeadlineExceeded:
      return kCliTimeout;
    case absl::StatusCode::kInvalidArgument:
      return kCliUsage;
    default:
      return kCliFailed;
  }
}

absl::StatusOr<GuestName> FindGuestName(CliContext& context, const std::string& text) {
  if (const size_t slash = text.find('/'); slash != std::string::npos) {
    return GuestName{text.substr(0, slash), text.substr(slash + 1)};
  }
  if (!context.space.empty()) return GuestName{context.space, text};
  ASSIGN_OR_RETURN(ApiClient * client, context.Client());
  admin::v1::ListGuestsResponse all;
  RETURN_IF_ERROR(client->Send("GET", "/v1/guests", nullptr, &all, Call::Within(kRequestTimeout)));
  std::vector<GuestName> found;
  for (const admin::v1::Guest& guest : all.guests()) {
    if (guest.name() == text) found.push_back({guest.namespace_(), guest.name()});
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    return absl::NotFoundError("no guest '" + Printable(text) +
                               "'; `innkeeper guests` lists those there are");
  }
  std::string names;
  for (const GuestName& name : found) names += " " + name.space + "/" + name.name;
  return absl::FailedPreconditionError("several guests have that name:" + names);
}

}  // namespace innkeeper
