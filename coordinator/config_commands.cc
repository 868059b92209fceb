#include "coordinator/config_commands.h"

#include <cstdio>
#include <memory>

#include "base/program.h"
#include "coordinator/joiner_translation.h"

namespace innkeeper {
namespace {

struct FromJoiner {
  std::string file, environment;
};

void Tell(const JoinerTranslation& translation) {
  for (const JoinerTranslation::Note& note : translation.notes)
    std::fprintf(stderr, "%s: %s: %s\n", note.place.c_str(), note.key.c_str(), note.became.c_str());
  std::fputs(
      "ipa.principal is still to be set: `innkeeper-coordinator ipa setup` makes the account "
      "and prints it.\n",
      stderr);
}

absl::Status Run(const FromJoiner& from) {
  if (from.file.empty() && from.environment.empty())
    return absl::InvalidArgumentError("name its config.yaml, or --env-file, or both");
  ASSIGN_OR_RETURN(const JoinerSettings settings, ReadJoinerSettings(from.file, from.environment));
  ASSIGN_OR_RETURN(const JoinerTranslation translation, Translate(settings));
  std::fputs(translation.yaml.c_str(), stdout);
  Tell(translation);
  return absl::OkStatus();
}

}  // namespace

void AddConfigCommands(CLI::App& app, int& exit_code) {
  CLI::App* config = app.add_subcommand("config", "Write a configuration");
  config->require_subcommand(1);
  CLI::App* command = config->add_subcommand(
      "from-virt-ipa-joiner",
      "Print a coordinator.yaml made of virt-ipa-joiner's settings, and say on standard error what "
      "became of each; its account and password are not taken over");
  const auto from = std::make_shared<FromJoiner>();
  command->add_option("file", from->file, "Its config.yaml");
  command->add_option(
      "--env-file", from->environment,
      "File of NAME=value lines, as `kubectl set env deployment/NAME --list` prints "
      "them; they win over the file, as they do there");
  command->callback([from, &exit_code] {
    const absl::Status done = Run(*from);
    exit_code = done.ok() ? 0 : FailStart("innkeeper-coordinator config", done);
  });
}

}  // namespace innkeeper
