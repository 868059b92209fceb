#include <cstdio>
#include <memory>

#include "cli/commands/commands.h"
#include "cli/exit_codes.h"
#include "cli/output.h"

namespace innkeeper {
namespace {

absl::Status Act(CliContext& context, const std::string& verb) {
  ASSIGN_OR_RETURN(ApiClient * client, context.Client());
  admin::v1::Operation state;
  const bool look = verb.empty();
  RETURN_IF_ERROR(client->Send(look ? "GET" : "POST",
                               look ? "/v1/operation" : "/v1/operation:" + verb, nullptr, &state,
                               Call::Within(kRequestTimeout)));
  if (context.format() == OutputFormat::kJson || context.format() == OutputFormat::kYaml) {
    std::fputs(MachineText(state, context.format()).c_str(), stdout);
    return absl::OkStatus();
  }
  std::printf("Writes:    %s\n",
              state.paused() ? ("paused by " + state.paused_by()).c_str() : "go on");
  std::printf("Removals:  %d of %d in the window%s\n", state.removals_in_window(),
              state.removals_allowed(), state.brake() ? ", held by the brake" : "");
  if (state.brake()) std::printf("Brake:     %s\n", state.brake_reason().c_str());
  return absl::OkStatus();
}

void AddVerb(const CommandHost& host, const char* name, const char* verb, const char* help) {
  CLI::App* command = host.app.add_subcommand(name, help);
  AddOutputOption(*command, host.context);
  SetExamples(*command, std::string("  innkeeper ") + name + "\n");
  command->callback([host, verb] {
    const absl::Status done = Act(host.context, verb);
    host.exit_code = done.ok() ? kCliOk : Fail(done);
  });
}

}  // namespace

void AddOperationCommands(const CommandHost& host) {
  AddVerb(host, "status", "", "Show whether writes are paused or removals held");
  AddVerb(host, "pause", "pause", "Stop all writes to FreeIPA and to guests; reads go on");
  AddVerb(host, "resume", "resume", "Let writes go on");
  AddVerb(host, "release-brake", "release-brake",
          "Let removals go on that the brake holds, after a look at why there are so many");
}

}  // namespace innkeeper
