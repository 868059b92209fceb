#pragma once

#include <CLI/CLI.hpp>

#include "base/program.h"

namespace innkeeper {

// The commands that ask a running coordinator through its socket: token create|list|revoke,
// operator issue, backup. Only `serve` opens the database.
void AddRemoteCommands(CLI::App& app, const ProgramOptions& options, int& exit_code);

}  // namespace innkeeper
