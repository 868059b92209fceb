#include "cli/completion.h"

#include <cstdio>
#include <memory>

#include "cli/commands/commands.h"
#include "cli/exit_codes.h"

namespace innkeeper {

void AddCompletionCommand(const CommandHost& host) {
  CLI::App* command =
      host.app.add_subcommand("completion", "Print a completion script for a shell");
  const auto shell = std::make_shared<std::string>();
  command->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  SetExamples(*command,
              "  innkeeper completion bash > /etc/bash_completion.d/innkeeper\n"
              "  innkeeper completion fish > ~/.config/fish/completions/innkeeper.fish\n");
  command->callback([host, shell] {
    std::fputs(CompletionScript(host.app, *shell).c_str(), stdout);
    host.exit_code = kCliOk;
  });
}

}  // namespace innkeeper
