#include "coordinator/ipa_commands.h"

#include <prometheus/registry.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "base/daemon.h"
#include "coordinator/config.h"
#include "coordinator/homes.h"
#include "coordinator/ipa/check.h"
#include "coordinator/ipa/ipa.h"
#include "coordinator/ipa/kerberos_tickets.h"
#include "coordinator/ipa/setup.h"
#include "coordinator/ipa_administrator.h"
#include "coordinator/ipa_grant_commands.h"
#include "coordinator/ipa_settings.h"

namespace innkeeper {
namespace {

constexpr Duration kTimeout = std::chrono::minutes(5);

struct SetupArguments {
  std::string admin = "admin", account = "service", host, user, secret_file;
  std::vector<std::string> host_groups, dns_zones;
  bool revoke_certificates = false, yes = false, dry_run = false;
};

void PrintPlan(const std::vector<SetupStep>& plan) {
  for (const SetupStep& step : plan) std::printf("%s\n", StepText(step).c_str());
}

std::string HostName() {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  return name;
}

SetupOptions OptionsOf(const CoordinatorConfig& config, const SetupArguments& arguments,
                       ClusterId cluster) {
  SetupOptions options;
  options.cluster = std::move(cluster);
  options.account = arguments.account == "user" ? AccountKind::kUser : AccountKind::kService;
  options.coordinator_host = arguments.host.empty() ? HostName() : arguments.host;
  options.realm = RealmOf(config);
  options.user = arguments.user;
  options.secret_file = arguments.secret_file;
  options.host_groups = arguments.host_groups;
  options.dns_zones = arguments.dns_zones;
  options.revoke_certificates = arguments.revoke_certificates;
  return options;
}

void TellConfiguration(const SetupOptions& options) {
  std::printf("\nIn the coordinator's configuration:\n\n  ipa:\n");
  if (options.account == AccountKind::kService) {
    std::printf("    principal: innkeeper/%s@%s\n    keytab: %s\n",
                options.coordinator_host.c_str(), options.realm.c_str(),
                options.secret_file.c_str());
  } else {
    std::printf("    user: %s\n    password_file: %s\n",
                options.user.empty() ? ("innkeeper-" + options.cluster.text).substr(0, 32).c_str()
                                     : options.user.c_str(),
                options.secret_file.c_str());
  }
}

absl::Status Setup(const CoordinatorConfig& config, SetupArguments arguments) {
  const Call call = Call::Within(kTimeout);
  const RealClock clock;
  ASSIGN_OR_RETURN(const ClusterId cluster, ClusterOf(config, clock, call));
  if (arguments.secret_file.empty()) {
    arguments.secret_file =
        config.state_dir + (arguments.account == "user" ? "/ipa.password" : "/ipa.keytab");
  }
  SystemRandom random;
  prometheus::Registry registry;
  ASSIGN_OR_RETURN(const std::unique_ptr<IpaConnection> admin,
                   LogInAs(arguments.admin, config, {clock, random, registry}, call));
  const SetupOptions options = OptionsOf(config, arguments, cluster);
  IpaSetup setup(
      admin->dispatcher(),
      [&](const std::string& principal, const std::string& path, const Call& within) {
        return admin->MakeKeytab(principal, path, within);
      },
      clock, options);
  ASSIGN_OR_RETURN(const std::vector<SetupStep> plan, setup.Plan(call));
  PrintPlan(plan);
  if (arguments.dry_run) return absl::OkStatus();
  if (!Consents(arguments.yes)) return absl::CancelledError("nothing was changed");
  RETURN_IF_ERROR(setup.Apply(
      [](const SetupStep& step) {
        if (step.kind != SetupStep::Kind::kExists) std::printf("done: %s\n", step.what.c_str());
      },
      call));
  TellConfiguration(options);
  return absl::OkStatus();
}

absl::Status Check(const CoordinatorConfig& config, const std::vector<std::string>& host_groups) {
  const Call call = Call::Within(kTimeout);
  const RealClock clock;
  ASSIGN_OR_RETURN(IpaOptions login, AccountOf(config));  // before the first thread: Kerberos
  ASSIGN_OR_RETURN(const ClusterId cluster, ClusterOf(config, clock, call));
  SystemRandom random;
  prometheus::Registry registry, other_registry;
  ASSIGN_OR_RETURN(IpaOptions again, AccountOf(config));
  ASSIGN_OR_RETURN(const auto client, MakeIpaClient(std::move(login), clock, random, registry));
  ASSIGN_OR_RETURN(const auto account,
                   IpaConnection::Open(std::move(again), clock, random, other_registry, call));
  CheckOptions options;
  options.cluster = cluster;
  options.domain = config.ipa.domain;
  options.foreign_host = account->server();  // the server itself is a host there
  options.host_groups = host_groups;
  ASSIGN_OR_RETURN(const std::vector<RightCheck> checks,
                   CheckRights(*client, account->dispatcher(), options, call));
  bool good = true;
  for (const RightCheck& check : checks) {
    const bool skipped = check.result == RightCheck::Result::kSkipped;
    const bool fine = check.result == RightCheck::Result::kGood;
    good = good && fine;
    std::printf("[%s] %s%s%s\n",
                fine      ? " ok "
                : skipped ? "skip"
                          : "BAD ",
                check.what.c_str(), check.detail.empty() ? "" : ": ", check.detail.c_str());
  }
  if (good) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "not every right is as it should be; `ipa setup` mends that");
}

void AddSetup(CLI::App& ipa, const ProgramOptions& program, int& exit_code) {
  CLI::App* command = ipa.add_subcommand(
      "setup", "Make the role, its permissions and the account, with an administrator's password");
  const auto arguments = std::make_shared<SetupArguments>();
  command->add_option("--admin", arguments->admin, "Who logs in; the password comes on stdin")
      ->capture_default_str();
  command->add_option("--account", arguments->account, "service (keytab) or user (password)")
      ->check(CLI::IsMember({"service", "user"}))
      ->capture_default_str();
  command->add_option("--host", arguments->host,
                      "FQDN of the coordinator's host; default: this host's name");
  command->add_option("--user", arguments->user, "Name of the user account");
  command->add_option("--secret-file", arguments->secret_file,
                      "Where keytab or password go (0600); default: in state_dir");
  command->add_option("--host-group", arguments->host_groups,
                      "Host group the coordinator may add its hosts to; may be repeated");
  command->add_option("--dns-zone", arguments->dns_zones,
                      "Zone of FreeIPA's own DNS whose host records may be removed");
  command->add_flag("--revoke-certificates", arguments->revoke_certificates,
                    "Guests get certificates from FreeIPA's CA: allow their revocation");
  command->add_flag("--dry-run", arguments->dry_run, "Only show what would be done");
  command->add_flag("-y,--yes", arguments->yes, "Do not ask");
  command->callback([&program, &exit_code, arguments] {
    const std::unique_ptr<LoadedConfig> loaded = LoadForIpa(program);
    exit_code = loaded->ended ? *loaded->ended : FinishIpa(Setup(loaded->config, *arguments));
  });
}

}  // namespace

void AddIpaCommands(CLI::App& app, const ProgramOptions& options, int& exit_code) {
  CLI::App* ipa = app.add_subcommand("ipa", "The coordinator's account and rights in FreeIPA");
  ipa->require_subcommand(1);
  AddSetup(*ipa, options, exit_code);
  AddIpaGrantCommands(*ipa, options, exit_code);
  CLI::App* check = ipa->add_subcommand(
      "check", "Prove each right on a temporary host, and that others' hosts are out of reach");
  const auto groups = std::make_shared<std::vector<std::string>>();
  check->add_option("--host-group", *groups, "Also check that hosts can be added to this group");
  check->callback([&options, &exit_code, groups] {
    const std::unique_ptr<LoadedConfig> loaded = LoadForIpa(options);
    exit_code = loaded->ended ? *loaded->ended : FinishIpa(Check(loaded->config, *groups));
  });
}

}  // namespace innkeeper
