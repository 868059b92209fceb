#pragma once
// One function per command: it adds its subcommand, options and examples to the app, and binds what
// it does. The exit code goes to `exit_code`.

#include <CLI/CLI.hpp>

#include "cli/context.h"

namespace innkeeper {

struct CommandHost {
  CLI::App& app;
  CliContext& context;
  int& exit_code;
};

void AddGuestsCommand(const CommandHost& host);
void AddDescribeCommand(const CommandHost& host);
void AddEnrollCommand(const CommandHost& host);
void AddUnenrollCommand(const CommandHost& host);
void AddVerifyCommand(const CommandHost& host);
void AddNodesCommand(const CommandHost& host);
void AddEventsCommand(const CommandHost& host);
void AddAuditCommand(const CommandHost& host);
void AddAdoptCommand(const CommandHost& host);
void AddOperationCommands(const CommandHost& host);  // pause, resume, release-brake
void AddVersionCommand(const CommandHost& host);
void AddCompletionCommand(const CommandHost& host);

// Options shared by several commands.
void AddOutputOption(CLI::App& command, CliContext& context);
void AddWaitOptions(CLI::App& command, CliContext& context);
// Shown below the options in --help.
void SetExamples(CLI::App& command, const std::string& examples);

}  // namespace innkeeper
