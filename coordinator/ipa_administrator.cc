#include "coordinator/ipa_administrator.h"

#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <utility>

#include "base/daemon.h"
#include "coordinator/ipa_settings.h"

namespace innkeeper {
namespace {

// The terminal does not show what is typed; a pipe is read as it is.
Secret ReadPassword(const std::string& whose) {
  const bool terminal = isatty(STDIN_FILENO) == 1;
  termios before{};
  if (terminal) {
    std::fprintf(stderr, "Password of %s: ", whose.c_str());
    tcgetattr(STDIN_FILENO, &before);
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  std::string line;
  std::getline(std::cin, line);
  if (terminal) {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    std::fputc('\n', stderr);
  }
  return Secret(std::move(line));
}

}  // namespace

std::unique_ptr<LoadedConfig> LoadForIpa(const ProgramOptions& program) {
  auto loaded = std::make_unique<LoadedConfig>();
  ConfigSchema schema("innkeeper-coordinator", "INNKEEPER_COORDINATOR");
  loaded->config.Describe(schema);
  loaded->ended = LoadConfig(program, kCoordinatorConfigFile, schema);
  return loaded;
}

absl::StatusOr<std::unique_ptr<IpaConnection>> LogInAs(const std::string& user,
                                                       const CoordinatorConfig& config,
                                                       const IpaLogin& with, const Call& call) {
  IpaOptions login = SettingsOf(config);
  login.user = user;
  login.password = ReadPassword(user);
  return IpaConnection::Open(std::move(login), with.clock, with.random, with.registry, call);
}

bool Consents(bool yes) {
  if (yes || isatty(STDIN_FILENO) != 1) return true;
  std::fprintf(stderr, "Go on? [y/N] ");
  const int answer = std::getchar();
  return answer == 'y' || answer == 'Y';
}

int FinishIpa(const absl::Status& done) {
  if (done.ok()) return kExitOk;
  FailStart("innkeeper-coordinator ipa", done);
  return kExitFailed;
}

}  // namespace innkeeper
