#include "coordinator/ipa_grant_commands.h"

#include <cstdio>
#include <memory>

#include "coordinator/homes.h"
#include "coordinator/ipa/grant.h"
#include "coordinator/ipa_administrator.h"

namespace innkeeper {
namespace {

constexpr Duration kTimeout = std::chrono::minutes(2);

enum class Verb { kGrant, kWithdraw };

struct GrantArguments {
  std::string admin = "admin";
  bool yes = false, dry_run = false;
};

void TellPlan(Verb verb, const IpaGrant& grant, GrantState now) {
  const bool given = now == GrantState::kGiven;
  if (verb == Verb::kGrant) {
    std::printf("%s permission %s\n", given ? "exists       " : "will create  ",
                grant.name().c_str());
    std::printf("  write userclass and description of hosts %s\n", IpaGrant::Filter().c_str());
  } else {
    std::printf("%s permission %s\n", given ? "will delete  " : "is not there ",
                grant.name().c_str());
  }
}

void TellNext(Verb verb) {
  if (verb == Verb::kWithdraw) return;
  std::printf(
      "\nNow `innkeeper adopt virt-ipa-joiner --apply`, and then\n"
      "`innkeeper-coordinator ipa withdraw virt-ipa-joiner`: it is needed for no longer.\n");
}

absl::Status Run(Verb verb, const CoordinatorConfig& config, const GrantArguments& arguments) {
  const Call call = Call::Within(kTimeout);
  const RealClock clock;
  SystemRandom random;
  prometheus::Registry registry;
  ASSIGN_OR_RETURN(const ClusterId cluster, ClusterOf(config, clock, call));
  ASSIGN_OR_RETURN(const std::unique_ptr<IpaConnection> admin,
                   LogInAs(arguments.admin, config, {clock, random, registry}, call));
  IpaGrant grant(admin->dispatcher(), cluster);
  ASSIGN_OR_RETURN(const GrantState now, grant.Look(call));
  TellPlan(verb, grant, now);
  if (arguments.dry_run) return absl::OkStatus();
  if (!Consents(arguments.yes)) return absl::CancelledError("nothing was changed");
  RETURN_IF_ERROR((verb == Verb::kGrant ? grant.Give(call) : grant.Withdraw(call)).status());
  std::printf("done\n");
  TellNext(verb);
  return absl::OkStatus();
}

void AddVerb(CLI::App& ipa, Verb verb, const ProgramOptions& program, int& exit_code) {
  const bool grants = verb == Verb::kGrant;
  CLI::App* group = ipa.add_subcommand(
      grants ? "grant" : "withdraw",
      grants ? "Give the coordinator's account a right that it needs for a while only"
             : "Take such a right away again");
  group->require_subcommand(1);
  CLI::App* command = group->add_subcommand(
      "virt-ipa-joiner",
      grants ? "To take over hosts that virt-ipa-joiner made and that carry no tag; with an "
               "administrator's password"
             : "The right to take over virt-ipa-joiner's hosts; those taken over stay ours");
  const auto arguments = std::make_shared<GrantArguments>();
  command->add_option("--admin", arguments->admin, "Who logs in; the password comes on stdin")
      ->capture_default_str();
  command->add_flag("--dry-run", arguments->dry_run, "Only show what would be done");
  command->add_flag("-y,--yes", arguments->yes, "Do not ask");
  command->callback([&program, &exit_code, arguments, verb] {
    const std::unique_ptr<LoadedConfig> loaded = LoadForIpa(program);
    exit_code = loaded->ended ? *loaded->ended : FinishIpa(Run(verb, loaded->config, *arguments));
  });
}

}  // namespace

void AddIpaGrantCommands(CLI::App& ipa, const ProgramOptions& program, int& exit_code) {
  AddVerb(ipa, Verb::kGrant, program, exit_code);
  AddVerb(ipa, Verb::kWithdraw, program, exit_code);
}

}  // namespace innkeeper
