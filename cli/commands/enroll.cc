#include <cstdio>
#include <functional>
#include <memory>
#include <vector>

#include "base/config.h"
#include "base/text.h"
#include "cli/commands/commands.h"
#include "cli/exit_codes.h"
#include "cli/guest_view.h"
#include "cli/output.h"
#include "cli/wait.h"

namespace innkeeper {
namespace {

struct EnrollOptions {
  std::vector<std::string> guests;
  admin::v1::EnrollRequest request;
  std::vector<std::string> groups;
  bool yes = false;
};

// A domain that never opted in has no guest yet: then the name must be whole, or --namespace given.
absl::StatusOr<GuestName> NameToEnroll(CliContext& context, const std::string& text) {
  absl::StatusOr<GuestName> found = FindGuestName(context, text);
  if (!absl::IsNotFound(found.status()) || text.find('/') != std::string::npos) return found;
  return absl::NotFoundError(std::string(found.status().message()) +
                             ". For a domain that has not opted in say NAMESPACE/NAME.");
}

void Tell(const CliContext& context, const admin::v1::Guest& guest, const char* done) {
  const OutputFormat format = context.format();
  if (format == OutputFormat::kJson || format == OutputFormat::kYaml) {
    std::fputs(MachineText(guest, format).c_str(), stdout);
  } else if (format == OutputFormat::kName) {
    std::printf("%s/%s\n", guest.namespace_().c_str(), guest.name().c_str());
  } else {
    std::printf("%s/%s %s\n", guest.namespace_().c_str(), guest.name().c_str(), done);
  }
}

absl::Status Reread(ApiClient& client, const GuestName& name, admin::v1::Guest& guest) {
  guest.Clear();
  return client.Send("GET", name.Path(), nullptr, &guest, Call::Within(kRequestTimeout));
}

absl::Status EnrollOne(CliContext& context, const EnrollOptions& options, const std::string& text) {
  ASSIGN_OR_RETURN(const GuestName name, NameToEnroll(context, text));
  ASSIGN_OR_RETURN(ApiClient * client, context.Client());
  admin::v1::Guest guest;
  RETURN_IF_ERROR(client->Send("POST", name.Path() + ":enroll", &options.request, &guest,
                               Call::Within(kRequestTimeout)));
  if (!context.wait) {
    Tell(context, guest, "will be enrolled (`innkeeper guests --watch` follows it)");
    return absl::OkStatus();
  }
  const auto anew = [before = guest](const admin::v1::Guest& now) {
    return JudgeEnrolledAnew(before, now);
  };
  const bool again = options.request.again();
  RETURN_IF_ERROR(WaitForGuest(
      context, name, name.space + "/" + name.name + " to be enrolled",
      again ? std::function<WaitVerdict(const admin::v1::Guest&)>(anew) : JudgeEnrolled));
  RETURN_IF_ERROR(Reread(*client, name, guest));
  Tell(context, guest, ("is enrolled as " + guest.status().fqdn()).c_str());
  return absl::OkStatus();
}

// On a terminal a removal is asked for once; a script's call is its own consent.
bool Consents(const EnrollOptions& options) {
  if (options.yes || !StderrIsTerminal() || !StdoutIsTerminal()) return true;
  std::fprintf(stderr, "This removes the FreeIPA identity of:");
  for (const std::string& guest : options.guests) std::fprintf(stderr, " %s", guest.c_str());
  std::fprintf(stderr, "\nGo on? [y/N] ");
  const int answer = std::getchar();
  return answer == 'y' || answer == 'Y';
}

absl::Status UnenrollOne(CliContext& context, const std::string& text) {
  ASSIGN_OR_RETURN(const GuestName name, FindGuestName(context, text));
  ASSIGN_OR_RETURN(ApiClient * client, context.Client());
  admin::v1::Guest guest;
  RETURN_IF_ERROR(client->Send("POST", name.Path() + ":unenroll", nullptr, &guest,
                               Call::Within(kRequestTimeout)));
  if (!context.wait) {
    Tell(context, guest, "will leave");
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(
      WaitForGuest(context, name, name.space + "/" + name.name + " to leave", JudgeUnenrolled));
  RETURN_IF_ERROR(Reread(*client, name, guest));
  Tell(context, guest, "has left; its host is gone from FreeIPA");
  return absl::OkStatus();
}

// Each on its own: the first failure is the exit code, the others are still tried.
int ForEach(const std::vector<std::string>& guests,
            const std::function<absl::Status(const std::string&)>& act) {
  int exit_code = kCliOk;
  for (const std::string& guest : guests) {
    const absl::Status done = act(guest);
    if (done.ok()) continue;
    const int code = Fail(done);
    if (exit_code == kCliOk) exit_code = code;
  }
  return exit_code;
}

absl::Status VerifyOne(CliContext& context, const std::string& text, bool& well) {
  ASSIGN_OR_RETURN(const GuestName name, FindGuestName(context, text));
  ASSIGN_OR_RETURN(ApiClient * client, context.Client());
  admin::v1::Guest guest;
  ASSIGN_OR_RETURN(const Duration timeout, ParseDuration(context.timeout));
  RETURN_IF_ERROR(
      client->Send("POST", name.Path() + ":verify", nullptr, &guest, Call::Within(timeout)));
  const admin::v1::Condition* enrolled = FindCondition(guest, "Enrolled");
  well = enrolled != nullptr && enrolled->status() == "True";
  std::string verdict = EnrolledText(guest);
  if (!well && enrolled != nullptr) verdict += ": " + enrolled->message();
  Tell(context, guest, (well ? "holds its key" : Printable(verdict).c_str()));
  return absl::OkStatus();
}

}  // namespace

void AddEnrollCommand(const CommandHost& host) {
  CLI::App* command =
      host.app.add_subcommand("enroll", "Enrol guests in FreeIPA, now and at later boots");
  const auto options = std::make_shared<EnrollOptions>();
  command->add_option("guests", options->guests, "NAME or NAMESPACE/NAME")->required();
  command->add_option_function<std::string>(
      "--fqdn", [options](const std::string& fqdn) { options->request.set_fqdn(fqdn); },
      "The name to enrol as (one guest only); default from policy's template");
  command->add_option("--host-group", options->groups, "Host group to join; may be repeated");
  command->add_option_function<std::string>(
      "--host-class", [options](const std::string& c) { options->request.set_host_class(c); },
      "userclass value for automember rules");
  command->add_flag_callback(
      "--again", [options] { options->request.set_again(true); },
      "Enrol anew, also when enrolled: the guest gets a new key");
  AddWaitOptions(*command, host.context);
  AddOutputOption(*command, host.context);
  SetExamples(*command,
              "  innkeeper enroll web --wait\n"
              "  innkeeper enroll lab/db --fqdn db.lab.example.test --host-group databases\n"
              "  innkeeper enroll web --again --wait --timeout 5m\n");
  command->callback([host, options] {
    if (options->guests.size() > 1 && !options->request.fqdn().empty()) {
      host.exit_code = Fail(absl::InvalidArgumentError("--fqdn goes with one guest"));
      return;
    }
    for (const std::string& group : options->groups) options->request.add_host_groups(group);
    host.exit_code = ForEach(options->guests, [&](const std::string& guest) {
      return EnrollOne(host.context, *options, guest);
    });
  });
}

void AddUnenrollCommand(const CommandHost& host) {
  CLI::App* command = host.app.add_subcommand(
      "unenroll", "Take identities away: uninstall the client, delete the host from FreeIPA");
  const auto options = std::make_shared<EnrollOptions>();
  command->add_option("guests", options->guests, "NAME or NAMESPACE/NAME")->required();
  command->add_flag("-y,--yes", options->yes, "Do not ask");
  AddWaitOptions(*command, host.context);
  AddOutputOption(*command, host.context);
  SetExamples(*command, "  innkeeper unenroll db --wait\n");
  command->callback([host, options] {
    if (!Consents(*options)) {
      host.exit_code = Fail(absl::CancelledError("nothing was done"));
      return;
    }
    host.exit_code = ForEach(options->guests, [&](const std::string& guest) {
      return UnenrollOne(host.context, guest);
    });
  });
}

void AddVerifyCommand(const CommandHost& host) {
  CLI::App* command = host.app.add_subcommand(
      "verify", "Prove a guest's key now, from inside; exit code 7 when it does not hold");
  const auto options = std::make_shared<EnrollOptions>();
  command->add_option("guests", options->guests, "NAME or NAMESPACE/NAME")->required();
  command->add_option("--timeout", host.context.timeout, "How long to wait at most")
      ->capture_default_str();
  AddOutputOption(*command, host.context);
  SetExamples(*command, "  innkeeper verify web\n");
  command->callback([host, options] {
    bool all_well = true;
    host.exit_code = ForEach(options->guests, [&](const std::string& guest) {
      bool well = false;
      const absl::Status done = VerifyOne(host.context, guest, well);
      all_well = all_well && (well || !done.ok());
      return done;
    });
    if (host.exit_code == kCliOk && !all_well) host.exit_code = kCliUnhealthy;
  });
}

}  // namespace innkeeper
