#include <cstdio>
#include <memory>

#include "cli/commands/commands.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/table.h"
#include "proto/time.h"

namespace innkeeper {
namespace {

void Print(const admin::v1::ListNodesResponse& nodes, OutputFormat format) {
  if (format == OutputFormat::kJson || format == OutputFormat::kYaml) {
    std::fputs(MachineText(nodes, format).c_str(), stdout);
    return;
  }
  if (format == OutputFormat::kName) {
    for (const admin::v1::Node& node : nodes.nodes()) std::printf("%s\n", node.name().c_str());
    return;
  }
  if (nodes.nodes().empty()) {
    std::fputs("No nodes. `innkeeper-coordinator token create` makes a token to join with.\n",
               stderr);
    return;
  }
  Table table({"NAME", "NAMESPACE", "STATE", "SINCE", "DOMAINS", "VERSION", "CERTIFICATE",
               "ADDRESS", "LIBVIRT"});
  table.DressColumn(2, [](const std::string& cell) {
    return Toned(cell, cell == "connected" ? Tone::kGood : Tone::kBad);
  });
  for (const admin::v1::Node& node : nodes.nodes()) {
    const absl::Duration left = FromProtoTime(node.certificate_expires()) - absl::Now();
    const std::string certificate = !node.has_certificate_expires() ? ""
                                    : left > absl::ZeroDuration()   ? ShortDuration(left) + " left"
                                                                    : "expired";
    table.Add({node.name(), node.namespace_(), node.state(), Age(FromProtoTime(node.since())),
               std::to_string(node.domains()), node.version(), certificate, node.address(),
               node.libvirt()});
  }
  std::fputs(table.Text().c_str(), stdout);
}

absl::Status List(CliContext& context) {
  ASSIGN_OR_RETURN(ApiClient * client, context.Client());
  admin::v1::ListNodesResponse nodes;
  RETURN_IF_ERROR(client->Send("GET", "/v1/nodes", nullptr, &nodes, Call::Within(kRequestTimeout)));
  Print(nodes, context.format());
  return absl::OkStatus();
}

absl::Status Act(CliContext& context, const std::string& node, const char* verb) {
  ASSIGN_OR_RETURN(ApiClient * client, context.Client());
  admin::v1::Node after;
  RETURN_IF_ERROR(client->Send("POST", "/v1/nodes/" + PathSegment(node) + ":" + verb, nullptr,
                               &after, Call::Within(kRequestTimeout)));
  std::printf("%s: %s\n", after.name().c_str(), after.state().c_str());
  return absl::OkStatus();
}

void AddVerb(CLI::App& nodes, const CommandHost& host, const char* verb, const char* help) {
  CLI::App* command = nodes.add_subcommand(verb, help);
  const auto node = std::make_shared<std::string>();
  command->add_option("node", *node, "Name of the node")->required();
  command->callback([host, node, verb] {
    const absl::Status done = Act(host.context, *node, verb);
    host.exit_code = done.ok() ? kCliOk : Fail(done);
  });
}

}  // namespace

void AddNodesCommand(const CommandHost& host) {
  CLI::App* command = host.app.add_subcommand("nodes", "List the nodes and their agents");
  AddOutputOption(*command, host.context);
  command->require_subcommand(0, 1);
  AddVerb(*command, host, "revoke", "Refuse a node from now on and end its stream");
  AddVerb(*command, host, "forget", "Drop a node that will not come back; its guests go Missing");
  SetExamples(*command, "  innkeeper nodes\n  innkeeper nodes revoke host7\n");
  command->callback([host, command] {
    if (!command->get_subcommands().empty()) return;
    const absl::Status done = List(host.context);
    host.exit_code = done.ok() ? kCliOk : Fail(done);
  });
}

}  // namespace innkeeper
