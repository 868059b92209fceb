#include <cstdio>
#include <memory>

#include "cli/commands/commands.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/table.h"

namespace innkeeper {
namespace {

// A directory of many thousand hosts is read whole.
constexpr Duration kAuditTimeout = std::chrono::minutes(10);

void Print(const admin::v1::AuditResponse& audit, OutputFormat format) {
  if (format == OutputFormat::kJson || format == OutputFormat::kYaml) {
    std::fputs(MachineText(audit, format).c_str(), stdout);
    return;
  }
  if (format == OutputFormat::kName) {
    for (const admin::v1::AuditResponse::Finding& finding : audit.findings()) {
      std::printf("%s\n", finding.fqdn().c_str());
    }
    return;
  }
  if (!audit.findings().empty()) {
    Table table({"FINDING", "FQDN", "GUEST", "ADOPT WOULD", "DETAIL"});
    for (const admin::v1::AuditResponse::Finding& finding : audit.findings()) {
      table.Add(
          {finding.kind(), finding.fqdn(), finding.guest(), finding.action(), finding.detail()});
    }
    std::fputs(table.Text().c_str(), stdout);
  }
  std::fprintf(stderr, "%d hosts of ours in FreeIPA, %d guests, %d findings\n", audit.hosts_seen(),
               audit.guests_seen(), audit.findings_size());
}

absl::Status Run(CliContext& context, bool adopt, bool& clean) {
  ASSIGN_OR_RETURN(ApiClient * client, context.Client());
  admin::v1::AuditResponse audit;
  RETURN_IF_ERROR(client->Send(adopt ? "POST" : "GET", adopt ? "/v1/audit:adopt" : "/v1/audit",
                               nullptr, &audit, Call::Within(kAuditTimeout)));
  Print(audit, context.format());
  clean = audit.findings().empty();
  return absl::OkStatus();
}

}  // namespace

void AddAuditCommand(const CommandHost& host) {
  CLI::App* command = host.app.add_subcommand(
      "audit", "Compare our hosts in FreeIPA with our guests, both ways; exit code 7 on findings");
  const auto adopt = std::make_shared<bool>(false);
  command->add_flag("--adopt", *adopt,
                    "Bind our own hosts without a guest to guests again (after a lost database); "
                    "touches nobody else's host and deletes nothing");
  AddOutputOption(*command, host.context);
  SetExamples(*command, "  innkeeper audit\n  innkeeper audit --adopt\n");
  command->callback([host, adopt] {
    bool clean = true;
    const absl::Status done = Run(host.context, *adopt, clean);
    host.exit_code = !done.ok() ? Fail(done) : clean ? kCliOk : kCliUnhealthy;
  });
}

}  // namespace innkeeper
