#include <google/protobuf/util/json_util.h>

#include <cstdio>

#include "base/text.h"
#include "cli/commands/commands.h"
#include "cli/exit_codes.h"
#include "cli/guest_view.h"
#include "cli/output.h"

namespace innkeeper {
namespace {

std::string Query(const CliContext& context, bool watch) {
  std::string query = context.space.empty() ? "" : "namespace=" + PathSegment(context.space);
  if (watch) query += query.empty() ? "watch=true" : "&watch=true";
  return query.empty() ? "" : "?" + query;
}

void Print(const admin::v1::ListGuestsResponse& guests, OutputFormat format) {
  if (format == OutputFormat::kName) {
    for (const admin::v1::Guest& guest : guests.guests()) {
      std::printf("%s/%s\n", guest.namespace_().c_str(), guest.name().c_str());
    }
  } else if (format == OutputFormat::kJson || format == OutputFormat::kYaml) {
    std::fputs(MachineText(guests, format).c_str(), stdout);
  } else if (guests.guests().empty()) {
    std::fputs("No guests. `innkeeper enroll NAME` makes one.\n", stderr);
  } else {
    std::fputs(GuestTable(guests, format).c_str(), stdout);
  }
}

// One change. For scripts each guest is a message of its own; that one is gone is for people.
void PrintChange(const std::string& event, const admin::v1::Guest& guest, OutputFormat format,
                 Table& table) {
  const std::string name = Printable(guest.namespace_() + "/" + guest.name());
  if (event == "gone") {
    std::fprintf(stderr, "%s is gone\n", name.c_str());
  } else if (format == OutputFormat::kName) {
    std::printf("%s\n", name.c_str());
  } else if (format == OutputFormat::kJson || format == OutputFormat::kYaml) {
    std::printf("%s%s", format == OutputFormat::kYaml ? "---\n" : "",
                MachineText(guest, format).c_str());
  } else {
    table.Add(GuestRow(guest, format));
    std::fputs(table.News().c_str(), stdout);
  }
  std::fflush(stdout);
}

absl::Status Watch(CliContext& context, ApiClient& client) {
  const OutputFormat format = context.format();
  Table table = EmptyGuestTable(format);
  const auto handle = [&](const std::string& event, const std::string& data) {
    admin::v1::Guest guest;
    google::protobuf::util::JsonParseOptions tolerant;
    tolerant.ignore_unknown_fields = true;
    if (google::protobuf::util::JsonStringToMessage(data, &guest, tolerant).ok()) {
      PrintChange(event, guest, format, table);
    }
    return true;
  };
  RETURN_IF_ERROR(client.Watch("/v1/guests" + Query(context, true), handle,
                               Call::Within(std::chrono::hours(24 * 365))));
  return absl::UnavailableError("the coordinator ended the stream: it stops, or starts anew");
}

int Run(CliContext& context) {
  absl::StatusOr<ApiClient*> client = context.Client();
  if (!client.ok()) return Fail(client.status());
  if (context.watch) {
    const absl::Status watched = Watch(context, **client);
    return watched.ok() ? kCliOk : Fail(watched);
  }
  admin::v1::ListGuestsResponse guests;
  const absl::Status listed = (*client)->Send("GET", "/v1/guests" + Query(context, false), nullptr,
                                              &guests, Call::Within(kRequestTimeout));
  if (!listed.ok()) return Fail(listed);
  Print(guests, context.format());
  return kCliOk;
}

}  // namespace

void AddGuestsCommand(const CommandHost& host) {
  CLI::App* command = host.app.add_subcommand("guests", "List guests and how far they are");
  AddOutputOption(*command, host.context);
  command->add_flag("-w,--watch", host.context.watch, "Go on and print each change");
  SetExamples(*command,
              "  innkeeper guests\n"
              "  innkeeper guests -n lab -o wide\n"
              "  innkeeper guests -o json | jq '.guests[].status.fqdn'\n"
              "  innkeeper guests --watch\n");
  command->callback([host] { host.exit_code = Run(host.context); });
}

}  // namespace innkeeper
