#pragma once

#include <CLI/CLI.hpp>

#include "base/program.h"

namespace innkeeper {

// `ipa setup` makes the least-privilege role and account in FreeIPA; `ipa check` proves each right.
void AddIpaCommands(CLI::App& app, const ProgramOptions& options, int& exit_code);

}  // namespace innkeeper
