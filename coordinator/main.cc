#include <CLI/CLI.hpp>

#include "base/daemon.h"
#include "base/log.h"
#include "base/program.h"
#include "coordinator/admin/openapi.h"
#include "coordinator/config_commands.h"
#include "coordinator/coordinator.h"
#include "coordinator/guests/reasons_reference.h"
#include "coordinator/home/kube/guest_crd.h"
#include "coordinator/ipa_commands.h"
#include "coordinator/manual.h"
#include "coordinator/metrics_reference.h"
#include "coordinator/remote_commands.h"

namespace innkeeper {
namespace {

int Serve(const ProgramOptions& options) {
  CoordinatorConfig config;
  ConfigSchema schema("innkeeper-coordinator", "INNKEEPER_COORDINATOR");
  config.Describe(schema);
  if (const auto ended = LoadConfig(options, kCoordinatorConfigFile, schema)) return *ended;
  InitLog("coordinator", *ParseLogLevel(config.log_level));
  Daemon daemon;
  const absl::StatusOr<std::unique_ptr<Coordinator>> coordinator = Coordinator::Create(config);
  if (!coordinator.ok()) return FailStart("innkeeper-coordinator", coordinator.status());
  (*coordinator)->AddTo(daemon);
  const absl::Status ended = daemon.Run(config.drain);
  if (!ended.ok()) LogError("innkeeper-coordinator ends", {{"err", ended}});
  return ended.ok() ? kExitOk : kExitFailed;
}

}  // namespace
}  // namespace innkeeper

int main(int argc, char** argv) {
  using namespace innkeeper;
  CLI::App app("The centre of Innkeeper: registers guests in FreeIPA, directs the agents.\n",
               "innkeeper-coordinator");
  ProgramOptions options;
  int exit_code = kExitOk;
  AddProgramOptions(app, options, kCoordinatorConfigFile);
  AddProgramPages(app, CoordinatorManual(),
                  {{"--print-guest-crd", GuestCrd},
                   {"--print-guest-reference", GuestResourceReference},
                   {"--print-metrics-reference", CoordinatorMetricsReference},
                   {"--print-openapi", OpenApiDocument},
                   {"--print-reasons-reference", ReasonsReference}});
  app.add_subcommand("serve", "Run until SIGTERM")->callback([&] { exit_code = Serve(options); });
  AddIpaCommands(app, options, exit_code);
  AddConfigCommands(app, exit_code);
  AddRemoteCommands(app, options, exit_code);
  app.require_subcommand(0, 1);
  if (const std::optional<int> ended = ParseCommandLine(app, argc, argv)) return *ended;
  return app.get_subcommands().empty() ? Serve(options) : exit_code;
}
