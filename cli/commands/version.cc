#include "base/version.h"

#include <cstdio>

#include "cli/commands/commands.h"
#include "cli/exit_codes.h"
#include "cli/output.h"

namespace innkeeper {
namespace {

int Run(CliContext& context) {
  std::printf("innkeeper    %s\n", kVersion);
  absl::StatusOr<ApiClient*> client = context.Client();
  if (!client.ok()) return Fail(client.status());
  admin::v1::Version server;
  const absl::Status asked =
      (*client)->Send("GET", "/v1/version", nullptr, &server, Call::Within(kRequestTimeout));
  if (!asked.ok()) {
    std::printf("coordinator  not reached\n");
    return kCliOk;  // the version of this program was asked for and told
  }
  std::printf("coordinator  %s\ncluster      %s\nidentity     %s\n", server.version().c_str(),
              server.cluster().c_str(), server.ipa().c_str());
  return kCliOk;
}

}  // namespace

void AddVersionCommand(const CommandHost& host) {
  CLI::App* command =
      host.app.add_subcommand("version", "Show the versions of this program and the coordinator");
  command->callback([host] { host.exit_code = Run(host.context); });
}

}  // namespace innkeeper
