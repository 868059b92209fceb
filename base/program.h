#pragma once
// The command line that both long-running programs share: --config, --set, --print-config,
// --version.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/command_docs.h"
#include "base/config.h"
#include "base/status.h"

namespace CLI {
class App;
}

namespace innkeeper {

struct ProgramOptions {
  std::string config_file;  // empty: the default file, if it is there
  std::vector<std::string> sets;
  bool print_config = false;
  bool print_reference = false;
};

// What docs/reference is made of: hidden options ("--print-openapi") that print a page and end.
using ProgramPages = std::map<std::string, std::function<std::string()>>;

void AddProgramOptions(CLI::App& app, ProgramOptions& options, const char* default_file);
// Those pages, and --print-manual and --print-commands.
void AddProgramPages(CLI::App& app, const Manual& manual, const ProgramPages& pages);

// Parses, and runs the chosen command's callback. Nothing: go on. Else the exit code: 0 after
// --help and the like, 2 after an error, which was told on stderr.
std::optional<int> ParseCommandLine(CLI::App& app, int argc, char** argv);

// Loads the configuration into the schema's variables. Nothing: go on. Else the exit code: 0 after
// --print-config, 2 after an error, which was told on stderr.
std::optional<int> LoadConfig(const ProgramOptions& options, const char* default_file,
                              ConfigSchema& schema);

// Tells on stderr why the program does not start; the exit code: 2 for what the configuration is to
// blame for (INVALID_ARGUMENT, FAILED_PRECONDITION, NOT_FOUND), else 1.
int FailStart(const char* program, const absl::Status& why);

}  // namespace innkeeper
