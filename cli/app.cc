#include "cli/app.h"

#include "base/version.h"
#include "cli/commands/commands.h"
#include "cli/manual.h"

namespace innkeeper {

std::unique_ptr<CLI::App> MakeApp(CliContext& context, int& exit_code) {
  auto app = std::make_unique<CLI::App>(
      "Innkeeper gives every guest VM a name, an address and a key.\n", "innkeeper");
  app->require_subcommand(1);
  app->set_version_flag("--version", std::string("innkeeper ") + kVersion);
  app->fallthrough();  // global options may stand behind the command too
  app->add_option("--server", context.api.server,
                  "unix:/PATH of the coordinator's socket, or https://HOST:PORT")
      ->envname("INNKEEPER_SERVER")
      ->capture_default_str();
  app->add_option("--ca", context.api.ca_file, "PEM file that vouches for the server (https)")
      ->envname("INNKEEPER_CA");
  app->add_option("--certificate", context.api.certificate_file, "Your certificate, PEM (https)")
      ->envname("INNKEEPER_CERTIFICATE");
  app->add_option("--key", context.api.key_file, "Your key, PEM (https)")->envname("INNKEEPER_KEY");
  app->add_option("-n,--namespace", context.space, "Only guests of this namespace")
      ->envname("INNKEEPER_NAMESPACE");
  app->add_option("-v,--verbose", context.api.verbose, "6 and more: show HTTP requests");
  AddManualOptions(*app, CliManual());
  const CommandHost host{*app, context, exit_code};
  AddGuestsCommand(host);
  AddDescribeCommand(host);
  AddEnrollCommand(host);
  AddUnenrollCommand(host);
  AddVerifyCommand(host);
  AddNodesCommand(host);
  AddEventsCommand(host);
  AddAuditCommand(host);
  AddAdoptCommand(host);
  AddOperationCommands(host);
  AddVersionCommand(host);
  AddCompletionCommand(host);
  return app;
}

}  // namespace innkeeper
