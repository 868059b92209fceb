#pragma once

#include <CLI/CLI.hpp>

namespace innkeeper {

// `config from-virt-ipa-joiner` writes a configuration from virt-ipa-joiner's.
void AddConfigCommands(CLI::App& app, int& exit_code);

}  // namespace innkeeper
