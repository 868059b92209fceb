#include "coordinator/ipa/setup.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "coordinator/ipa/host_commands.h"

namespace innkeeper {
namespace {

// FreeIPA's dates end with the 32 bits of Kerberos, in 2038.
const absl::Time kLastDay = absl::FromCivil(absl::CivilDay(2037, 12, 31), absl::UTCTimeZone());
constexpr absl::Duration kPasswordLife = absl::Hours(24 * 3650);

bool IsReadable(const std::string& path) { return access(path.c_str(), R_OK) == 0; }

// The whole content, 0600, in one step.
absl::Status WriteSecretFile(const std::string& path, const Secret& secret) {
  const std::string fresh = path + ".new";
  unlink(fresh.c_str());
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return ErrnoStatus(errno, "write " + fresh);
  const std::string_view bytes = secret.Reveal();
  const bool written =
      write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) && fsync(fd) == 0;
  const int error = errno;
  close(fd);
  if (written && rename(fresh.c_str(), path.c_str()) == 0) return absl::OkStatus();
  const absl::Status failed = ErrnoStatus(written ? errno : error, "write " + path);
  unlink(fresh.c_str());
  return failed;
}

}  // namespace

std::string StepText(const SetupStep& step) {
  switch (step.kind) {
    case SetupStep::Kind::kExists:
      return "exists       " + step.what;
    case SetupStep::Kind::kCreate:
      return "will create  " + step.what;
    case SetupStep::Kind::kChange:
      break;
  }
  return "will change  " + step.what + ": " + step.why;
}

IpaSetup::IpaSetup(IpaDispatcher& admin, KeytabMaker make_keytab, const Clock& clock,
                   SetupOptions options)
    : admin_(admin),
      make_keytab_(std::move(make_keytab)),
      clock_(clock),
      options_(std::move(options)) {}

absl::StatusOr<std::vector<SetupStep>> IpaSetup::Plan(const Call& call) {
  std::vector<SetupStep> steps;
  RETURN_IF_ERROR(Run(
      Mode::kLook, [&](const SetupStep& step) { steps.push_back(step); }, call));
  return steps;
}

absl::Status IpaSetup::Apply(const std::function<void(const SetupStep&)>& done, const Call& call) {
  return Run(Mode::kDo, done, call);
}

absl::Status IpaSetup::Run(Mode mode, const Told& told, const Call& call) {
  if (options_.secret_file.empty())
    return absl::InvalidArgumentError("no file for the account's secret");
  ASSIGN_OR_RETURN(const std::vector<DirectoryWish> role, RoleWishes(options_));
  for (const DirectoryWish& wish : role) RETURN_IF_ERROR(Fulfil(wish, mode, told, call));
  if (options_.account == AccountKind::kService) {
    ASSIGN_OR_RETURN(const std::vector<DirectoryWish> service, ServiceWishes(options_));
    for (const DirectoryWish& wish : service) RETURN_IF_ERROR(Fulfil(wish, mode, told, call));
    RETURN_IF_ERROR(EnsureKeytab(mode, told, call));
  } else {
    RETURN_IF_ERROR(EnsureUser(mode, told, call));
  }
  ASSIGN_OR_RETURN(const DirectoryWish membership, MembershipWish(options_));
  return Fulfil(membership, mode, told, call);
}

absl::Status IpaSetup::Fulfil(const DirectoryWish& wish, Mode mode, const Told& told,
                              const Call& call) {
  absl::StatusOr<std::optional<IpaEntry>> entry = Show(wish.show, call);
  if (!entry.ok()) return Annotate(entry.status(), wish.what);
  SetupStep step{SetupStep::Kind::kCreate, wish.what, ""};
  if (entry->has_value()) {
    step.why = wish.lacks(**entry);
    step.kind = step.why.empty() ? SetupStep::Kind::kExists : SetupStep::Kind::kChange;
  }
  if (mode == Mode::kDo && step.kind != SetupStep::Kind::kExists) {
    const bool create = step.kind == SetupStep::Kind::kCreate;
    const absl::StatusOr<IpaAnswer> answer = Do(create ? wish.create : wish.change, call);
    if (!answer.ok()) return Annotate(answer.status(), wish.what);
    for (const IpaRefusal& refused : answer->refused) {
      if (refused.reason != "This entry is already a member")
        return absl::FailedPreconditionError(wish.what + ": " + refused.name + ": " +
                                             refused.reason);
    }
  }
  told(step);
  return absl::OkStatus();
}

absl::Status IpaSetup::EnsureKeytab(Mode mode, const Told& told, const Call& call) {
  SetupStep step{SetupStep::Kind::kExists, "keytab " + options_.secret_file, ""};
  if (!IsReadable(options_.secret_file)) step.kind = SetupStep::Kind::kCreate;
  if (mode == Mode::kDo && step.kind == SetupStep::Kind::kCreate)
    RETURN_IF_ERROR(
        Annotate(make_keytab_(AccountName(options_), options_.secret_file, call), step.what));
  told(step);
  return absl::OkStatus();
}

absl::Status IpaSetup::EnsureUser(Mode mode, const Told& told, const Call& call) {
  ASSIGN_OR_RETURN(const SetupStep step, UserStep(call));
  if (mode == Mode::kDo && step.kind != SetupStep::Kind::kExists)
    RETURN_IF_ERROR(Annotate(GivePassword(step.kind, call), step.what));
  told(step);
  return absl::OkStatus();
}

absl::StatusOr<SetupStep> IpaSetup::UserStep(const Call& call) {
  const std::string name = AccountName(options_);
  SetupStep step{SetupStep::Kind::kCreate, "user " + name, ""};
  ASSIGN_OR_RETURN(const IpaCommand show,
                   EncodeCommand(IpaEffect::kReads, "user_show", {name}, {{"all", true}}));
  ASSIGN_OR_RETURN(const std::optional<IpaEntry> user, Show(show, call));
  if (!user) return step;
  const std::vector<std::string>& classes = user->All("userclass");
  if (std::find(classes.begin(), classes.end(), ClusterMark(options_.cluster)) == classes.end())
    return absl::FailedPreconditionError("user " + name +
                                         " exists and is not this cluster's: choose another name");
  const bool known = IsReadable(options_.secret_file);
  step.kind = known ? SetupStep::Kind::kExists : SetupStep::Kind::kChange;
  if (!known) step.why = "a new password, for " + options_.secret_file + " is not there";
  return step;
}

// FreeIPA makes the password, so that none is ever sent; a password that an administrator set is
// expired from the start, hence the date.
absl::Status IpaSetup::GivePassword(SetupStep::Kind kind, const Call& call) {
  const std::string name = AccountName(options_);
  IpaOptionMap options{{"random", true}};
  if (kind == SetupStep::Kind::kCreate) {
    options["givenname"] = "Innkeeper";
    options["sn"] = "Coordinator";
    options["loginshell"] = "/usr/sbin/nologin";
    options["userclass"] = std::vector<std::string>{ClusterMark(options_.cluster)};
  }
  ASSIGN_OR_RETURN(
      IpaAnswer made,
      Do(EncodeCommand(IpaEffect::kWrites,
                       kind == SetupStep::Kind::kCreate ? "user_add" : "user_mod", {name}, options),
         call));
  ASSIGN_OR_RETURN(const IpaEntry user, OnlyEntry(std::move(made)));
  if (user.random_password.empty()) return absl::InternalError("FreeIPA made no password");
  const absl::Time end = std::min(clock_.Now() + kPasswordLife, kLastDay);
  RETURN_IF_ERROR(Do(EncodeCommand(IpaEffect::kWrites, "user_mod", {name},
                                   {{"krbpasswordexpiration",
                                     absl::FormatTime("%Y%m%d%H%M%SZ", end, absl::UTCTimeZone())}}),
                     call)
                      .status());
  // Last: a file that is there means that all of this was done.
  return WriteSecretFile(options_.secret_file, user.random_password);
}

absl::StatusOr<std::optional<IpaEntry>> IpaSetup::Show(const IpaCommand& command,
                                                       const Call& call) {
  absl::StatusOr<IpaAnswer> answer = Do(command, call);
  if (absl::IsNotFound(answer.status())) return std::optional<IpaEntry>();
  if (!answer.ok()) return answer.status();
  ASSIGN_OR_RETURN(IpaEntry entry, OnlyEntry(*std::move(answer)));
  return std::optional<IpaEntry>(std::move(entry));
}

absl::StatusOr<IpaAnswer> IpaSetup::Do(absl::StatusOr<IpaCommand> command, const Call& call) {
  RETURN_IF_ERROR(command.status());
  ASSIGN_OR_RETURN(IpaAnswer answer, admin_.Run(*std::move(command), call));
  if (answer.error) return StatusOf(*answer.error);
  return answer;
}

}  // namespace innkeeper
