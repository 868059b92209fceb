#include <CLI/CLI.hpp>
#include <cstdio>

#include "agent/agent.h"
#include "agent/agent_metrics.h"
#include "agent/join_command.h"
#include "agent/manual.h"
#include "base/log.h"
#include "base/program.h"

namespace innkeeper {
namespace {

int Run(const ProgramOptions& options) {
  AgentConfig config;
  ConfigSchema schema("innkeeper-agent", "INNKEEPER_AGENT");
  config.Describe(schema);
  if (const std::optional<int> ended = LoadConfig(options, kAgentConfigFile, schema)) return *ended;
  InitLog("agent", *ParseLogLevel(config.log_level));
  Daemon daemon;
  const absl::StatusOr<std::unique_ptr<Agent>> agent = Agent::Create(config);
  if (!agent.ok()) return FailStart("innkeeper-agent", agent.status());
  (*agent)->AddTo(daemon);
  const absl::Status ended = daemon.Run(config.drain);
  if (!ended.ok()) LogError("innkeeper-agent ends", {{"err", ended}});
  return ended.ok() ? kExitOk : kExitFailed;
}

}  // namespace
}  // namespace innkeeper

int main(int argc, char** argv) {
  using namespace innkeeper;
  CLI::App app("The node's part of Innkeeper: watches libvirt, joins guests.\n", "innkeeper-agent");
  ProgramOptions options;
  int exit_code = kExitOk;
  AddProgramOptions(app, options, kAgentConfigFile);
  AddProgramPages(app, AgentManual(), {{"--print-metrics-reference", AgentMetricsReference}});
  AddJoinCommand(app, options, exit_code);
  app.add_subcommand("run", "Run until SIGTERM (the same without a command)");
  app.require_subcommand(0, 1);
  if (const std::optional<int> ended = ParseCommandLine(app, argc, argv)) return *ended;
  if (app.got_subcommand("join")) return exit_code;
  return Run(options);
}
