#include <algorithm>
#include <cstdio>
#include <memory>

#include "cli/commands/commands.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/table.h"

namespace innkeeper {
namespace {

// A directory of many thousand hosts is read whole, and each host takes several calls.
constexpr Duration kAdoptTimeout = std::chrono::minutes(10);

struct AdoptArguments {
  admin::v1::JoinerHostsRequest wish;
  std::string vm;
  bool apply = false;
};

size_t CountOf(const admin::v1::JoinerHostsResponse& report, const std::string& action) {
  return static_cast<size_t>(
      std::count_if(report.hosts().begin(), report.hosts().end(),
                    [&](const auto& host) { return host.action() == action; }));
}

void Summarise(const admin::v1::JoinerHostsResponse& report, bool apply) {
  const size_t left = CountOf(report, "leave");
  if (apply) {
    std::fprintf(stderr, "%d hosts of virt-ipa-joiner, %zu adopted, %zu failed, %zu left\n",
                 report.hosts_seen(), CountOf(report, "adopted"), CountOf(report, "failed"), left);
    return;
  }
  const size_t wanted = CountOf(report, "adopt");
  std::fprintf(stderr, "%d hosts of virt-ipa-joiner, %zu would be adopted, %zu left\n",
               report.hosts_seen(), wanted, left);
  if (wanted > 0)
    std::fputs("Nothing was changed. `innkeeper adopt virt-ipa-joiner --apply` does it.\n", stderr);
}

void Print(const admin::v1::JoinerHostsResponse& report, OutputFormat format, bool apply) {
  if (format == OutputFormat::kJson || format == OutputFormat::kYaml) {
    std::fputs(MachineText(report, format).c_str(), stdout);
    return;
  }
  if (format == OutputFormat::kName) {
    for (const auto& host : report.hosts()) std::printf("%s\n", host.fqdn().c_str());
    return;
  }
  if (!report.hosts().empty()) {
    Table table({"FQDN", "VM", "HOST", apply ? "DONE" : "WOULD", "DETAIL"});
    for (const auto& host : report.hosts())
      table.Add({host.fqdn(), host.vm().empty() ? "-" : host.vm(), host.state(), host.action(),
                 host.detail()});
    std::fputs(table.Text().c_str(), stdout);
  }
  Summarise(report, apply);
}

std::string QueryOf(const admin::v1::JoinerHostsRequest& wish) {
  std::string query;
  const auto add = [&](const char* key, const std::string& value) {
    if (value.empty()) return;
    query += (query.empty() ? "?" : "&") + std::string(key) + "=" + PathSegment(value);
  };
  add("domain", wish.domain());
  add("namespace", wish.namespace_());
  add("vm", wish.vm());
  return query;
}

absl::Status Run(CliContext& context, AdoptArguments& arguments, bool& failed) {
  admin::v1::JoinerHostsRequest& wish = arguments.wish;
  if (!arguments.vm.empty()) {
    const bool whole = arguments.vm.find('/') != std::string::npos;
    if (!whole && context.space.empty())
      return absl::InvalidArgumentError("name the VM with its namespace: NAMESPACE/NAME, or -n");
    wish.set_vm(whole ? arguments.vm : context.space + "/" + arguments.vm);
  } else {
    wish.set_namespace_(context.space);
  }
  ASSIGN_OR_RETURN(ApiClient * client, context.Client());
  admin::v1::JoinerHostsResponse report;
  const Call call = Call::Within(kAdoptTimeout);
  RETURN_IF_ERROR(
      arguments.apply
          ? client->Send("POST", "/v1/joiner-hosts:adopt", &wish, &report, call)
          : client->Send("GET", "/v1/joiner-hosts" + QueryOf(wish), nullptr, &report, call));
  Print(report, context.format(), arguments.apply);
  failed = CountOf(report, "failed") > 0;
  return absl::OkStatus();
}

}  // namespace

void AddAdoptCommand(const CommandHost& host) {
  CLI::App* adopt =
      host.app.add_subcommand("adopt", "Take over hosts that another program made in FreeIPA");
  adopt->require_subcommand(1);
  SetExamples(*adopt, "  innkeeper adopt virt-ipa-joiner\n");
  CLI::App* command = adopt->add_subcommand(
      "virt-ipa-joiner",
      "List virt-ipa-joiner's hosts and what adopting them would do; with --apply do it. Exit code "
      "1 when a host could not be adopted");
  const auto arguments = std::make_shared<AdoptArguments>();
  command->add_option("vm", arguments->vm,
                      "NAMESPACE/NAME: only this VM's host, also if the VM carries no mark of the "
                      "joiner's");
  command->add_flag("--apply", arguments->apply,
                    "Do it: our tag and a new description for each host, a guest for its VM; "
                    "deletes nothing, and keeps every key");
  command->add_option_function<std::string>(
      "--domain", [arguments](const std::string& domain) { arguments->wish.set_domain(domain); },
      "virt-ipa-joiner's DOMAIN, where it is not FreeIPA's");
  AddOutputOption(*command, host.context);
  SetExamples(*command,
              "  innkeeper adopt virt-ipa-joiner\n"
              "  innkeeper adopt virt-ipa-joiner --apply\n"
              "  innkeeper adopt virt-ipa-joiner -n shop --apply\n"
              "  innkeeper adopt virt-ipa-joiner shop/web --apply\n");
  command->callback([host, arguments] {
    bool failed = false;
    const absl::Status done = Run(host.context, *arguments, failed);
    host.exit_code = !done.ok() ? Fail(done) : failed ? kCliFailed : kCliOk;
  });
}

}  // namespace innkeeper
