#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace innkeeper {

// A completion script for "bash", "zsh" or "fish", generated from the app's own tree of subcommands
// and options, so that it cannot be out of date. INVALID shells give an empty text.
std::string CompletionScript(const CLI::App& app, const std::string& shell);

}  // namespace innkeeper
