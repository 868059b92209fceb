#pragma once

#include <CLI/CLI.hpp>

#include "base/program.h"

namespace innkeeper {

// `ipa grant` and `ipa withdraw`: rights that the coordinator needs for a while only.
void AddIpaGrantCommands(CLI::App& ipa, const ProgramOptions& program, int& exit_code);

}  // namespace innkeeper
