#pragma once

#include "CLI/CLI.hpp"
#include "coordinator/remote.h"

namespace innkeeper {

// `ca list|bundle|prepare|promote`.
void AddAuthorityCommands(CLI::App& app, const Remote& remote);

}  // namespace innkeeper
