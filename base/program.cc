#include "base/program.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/daemon.h"
#include "base/version.h"

namespace innkeeper {

void AddProgramOptions(CLI::App& app, ProgramOptions& options, const char* default_file) {
  app.add_option("--config", options.config_file,
                 std::string("Configuration file; default ") + default_file + ", if it is there");
  app.add_option("--set", options.sets, "key=value; wins over the environment and the file");
  app.add_flag("--print-config", options.print_config,
               "Print the effective configuration, secrets redacted, and end");
  app.add_flag("--print-config-reference", options.print_reference,
               "Print the table of all keys (Markdown) and end");
  app.set_version_flag("--version", app.get_name() + " " + kVersion);
  app.fallthrough();
}

void AddProgramPages(CLI::App& app, const Manual& manual, const ProgramPages& pages) {
  AddManualOptions(app, manual);
  for (const auto& [option, page] : pages) {
    app.add_flag_callback(
           option,
           [page = page] {
             std::fputs(page().c_str(), stdout);
             throw CLI::Success();
           },
           "Print a page of docs/reference and end")
        ->group("");
  }
}

std::optional<int> ParseCommandLine(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitBadConfig;
  }
  return std::nullopt;
}

std::optional<int> LoadConfig(const ProgramOptions& options, const char* default_file,
                              ConfigSchema& schema) {
  if (options.print_reference) {
    std::fputs(schema.Reference().c_str(), stdout);
    return kExitOk;
  }
  std::string file = options.config_file;
  if (file.empty() && access(default_file, R_OK) == 0) file = default_file;
  const absl::Status loaded = schema.Load({.file = file, .sets = options.sets, .environment = {}});
  if (!loaded.ok()) {
    FailStart("configuration", loaded);
    return kExitBadConfig;
  }
  if (!options.print_config) return std::nullopt;
  std::fputs(schema.Print().c_str(), stdout);
  return kExitOk;
}

int FailStart(const char* program, const absl::Status& why) {
  std::fprintf(stderr, "%s: %s\n", program, std::string(why.message()).c_str());
  switch (why.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kNotFound:
      return kExitBadConfig;
    default:
      return kExitFailed;
  }
}

}  // namespace innkeeper
