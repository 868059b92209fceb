#pragma once

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/context.h"

namespace innkeeper {

// The whole command line: global options and every command. Context and exit code outlive it.
std::unique_ptr<CLI::App> MakeApp(CliContext& context, int& exit_code);

}  // namespace innkeeper
