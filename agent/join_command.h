#pragma once

#include <CLI/CLI.hpp>

#include "base/program.h"

namespace innkeeper {

// `innkeeper-agent join URL --token TOKEN`: from a join token to the node's certificate.
void AddJoinCommand(CLI::App& app, const ProgramOptions& options, int& exit_code);

}  // namespace innkeeper
