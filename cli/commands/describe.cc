#include <cstdio>
#include <memory>

#include "cli/commands/commands.h"
#include "cli/exit_codes.h"
#include "cli/guest_view.h"
#include "cli/output.h"

namespace innkeeper {
namespace {

absl::Status Describe(CliContext& context, const std::string& text) {
  ASSIGN_OR_RETURN(const GuestName name, FindGuestName(context, text));
  ASSIGN_OR_RETURN(ApiClient * client, context.Client());
  admin::v1::Guest guest;
  RETURN_IF_ERROR(client->Send("GET", name.Path(), nullptr, &guest, Call::Within(kRequestTimeout)));
  if (context.format() == OutputFormat::kJson || context.format() == OutputFormat::kYaml) {
    std::fputs(MachineText(guest, context.format()).c_str(), stdout);
    return absl::OkStatus();
  }
  if (context.format() == OutputFormat::kName) {
    std::printf("%s/%s\n", guest.namespace_().c_str(), guest.name().c_str());
    return absl::OkStatus();
  }
  admin::v1::ListEventsResponse events;
  RETURN_IF_ERROR(client->Send("GET",
                               "/v1/events?limit=20&namespace=" + PathSegment(name.space) +
                                   "&guest=" + PathSegment(name.name),
                               nullptr, &events, Call::Within(kRequestTimeout)));
  std::fputs(GuestPage(guest, events).c_str(), stdout);
  return absl::OkStatus();
}

}  // namespace

void AddDescribeCommand(const CommandHost& host) {
  CLI::App* command =
      host.app.add_subcommand("describe", "Show all that is known of one guest, and its events");
  const auto name = std::make_shared<std::string>();
  command->add_option("guest", *name, "NAME or NAMESPACE/NAME")->required();
  AddOutputOption(*command, host.context);
  SetExamples(*command, "  innkeeper describe web\n  innkeeper describe lab/web -o yaml\n");
  command->callback([host, name] {
    const absl::Status done = Describe(host.context, *name);
    host.exit_code = done.ok() ? kCliOk : Fail(done);
  });
}

}  // namespace innkeeper
