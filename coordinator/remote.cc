#include "coordinator/remote.h"

#include <memory>

#include "coordinator/config.h"
#include "proto/time.h"

namespace innkeeper {
namespace {

constexpr Duration kTimeout = std::chrono::seconds(30);

}  // namespace

void Remote::Run(const std::function<absl::Status(ApiClient&, const Call&)>& ask) const {
  CoordinatorConfig config;
  // Only the socket's address matters here; a coordinator may run whose file we cannot read.
  config.ipa.domain = config.ipa.ca_file = "unused";
  ConfigSchema schema("innkeeper-coordinator", "INNKEEPER_COORDINATOR");
  config.Describe(schema);
  if (const auto ended = LoadConfig(program, kCoordinatorConfigFile, schema)) {
    exit_code = *ended;
    return;
  }
  absl::StatusOr<std::unique_ptr<ApiClient>> client =
      ApiClient::Create({.server = config.listen_socket});
  const absl::Status done = client.ok() ? ask(**client, Call::Within(kTimeout)) : client.status();
  exit_code = done.ok() ? kExitOk : kExitFailed;
  if (!done.ok()) FailStart("innkeeper-coordinator", done);
}

std::string TimeText(const google::protobuf::Timestamp& time) {
  return absl::FormatTime(absl::RFC3339_sec, FromProtoTime(time), absl::LocalTimeZone());
}

}  // namespace innkeeper
