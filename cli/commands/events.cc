#include <google/protobuf/util/json_util.h>

#include <cstdio>
#include <memory>

#include "base/text.h"
#include "cli/commands/commands.h"
#include "cli/exit_codes.h"
#include "cli/guest_view.h"
#include "cli/output.h"
#include "proto/time.h"

namespace innkeeper {
namespace {

struct EventsOptions {
  std::string guest;
  int limit = 100;
};

std::string PathOf(const CliContext& context, const GuestName& name, int limit, bool watch) {
  std::string path = "/v1/events?limit=" + std::to_string(limit);
  const std::string& space = name.space.empty() ? context.space : name.space;
  if (!space.empty()) path += "&namespace=" + PathSegment(space);
  if (!name.name.empty()) path += "&guest=" + PathSegment(name.name);
  return watch ? path + "&watch=true" : path;
}

bool PrintOne(const std::string& data, OutputFormat format) {
  admin::v1::Event event;
  google::protobuf::util::JsonParseOptions tolerant;
  tolerant.ignore_unknown_fields = true;
  if (!google::protobuf::util::JsonStringToMessage(data, &event, tolerant).ok()) return true;
  if (format == OutputFormat::kJson || format == OutputFormat::kYaml) {
    std::printf("%s%s", format == OutputFormat::kYaml ? "---\n" : "",
                MachineText(event, format).c_str());
  } else {
    std::printf(
        "%s  %s  %s  %s/%s  %s\n",
        absl::FormatTime("%H:%M:%S", FromProtoTime(event.time()), absl::LocalTimeZone()).c_str(),
        event.severity().c_str(), event.reason().c_str(), event.namespace_().c_str(),
        event.guest().c_str(), Printable(event.message()).c_str());
  }
  std::fflush(stdout);
  return true;
}

absl::Status Run(CliContext& context, const EventsOptions& options) {
  GuestName name;
  if (!options.guest.empty()) {
    ASSIGN_OR_RETURN(name, FindGuestName(context, options.guest));
  }
  ASSIGN_OR_RETURN(ApiClient * client, context.Client());
  const OutputFormat format = context.format();
  if (context.watch) {
    RETURN_IF_ERROR(client->Watch(
        PathOf(context, name, options.limit, true),
        [&](const std::string&, const std::string& data) { return PrintOne(data, format); },
        Call::Within(std::chrono::hours(24 * 365))));
    return absl::UnavailableError("the coordinator ended the stream: it stops, or starts anew");
  }
  admin::v1::ListEventsResponse events;
  RETURN_IF_ERROR(client->Send("GET", PathOf(context, name, options.limit, false), nullptr, &events,
                               Call::Within(kRequestTimeout)));
  if (format == OutputFormat::kJson || format == OutputFormat::kYaml) {
    std::fputs(MachineText(events, format).c_str(), stdout);
  } else if (events.events().empty()) {
    std::fputs("No events.\n", stderr);
  } else {
    std::fputs(EventTable(events, /*with_guest=*/true).c_str(), stdout);
  }
  return absl::OkStatus();
}

}  // namespace

void AddEventsCommand(const CommandHost& host) {
  CLI::App* command = host.app.add_subcommand("events", "List what happened, newest last");
  const auto options = std::make_shared<EventsOptions>();
  command->add_option("guest", options->guest, "Only of this guest: NAME or NAMESPACE/NAME");
  command->add_option("--limit", options->limit, "At most this many")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  command->add_flag("-w,--watch", host.context.watch, "Go on and print each new event");
  AddOutputOption(*command, host.context);
  SetExamples(*command, "  innkeeper events\n  innkeeper events web --watch\n");
  command->callback([host, options] {
    const absl::Status done = Run(host.context, *options);
    host.exit_code = done.ok() ? kCliOk : Fail(done);
  });
}

}  // namespace innkeeper
