#include "base/version.h"

#include <cstdio>

#include "cli/commands/commands.h"
#include "cli/exit_codes.h"
#include "cli/output.h"

namespace innkeeper {
namespace {

// For scripts: the coordinator's own message.
int RunForScripts(CliContext& context) {
  absl::StatusOr<ApiClient*> client = context.Client();
  if (!client.ok()) return Fail(client.status());
  admin::v1::Version server;
  const absl::Status asked =
      (*client)->Send("GET", "/v1/version", nullptr, &server, Call::Within(kRequestTimeout));
  if (!asked.ok()) return Fail(asked);
  std::fputs(MachineText(server, context.format()).c_str(), stdout);
  return kCliOk;
}

int Run(CliContext& context) {
  if (context.format() == OutputFormat::kJson || context.format() == OutputFormat::kYaml) {
    return RunForScripts(context);
  }
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
  AddOutputOption(*command, host.context);
  SetExamples(*command, "  innkeeper version\n  innkeeper version -o json | jq -r .cluster\n");
  command->callback([host] { host.exit_code = Run(host.context); });
}

}  // namespace innkeeper
