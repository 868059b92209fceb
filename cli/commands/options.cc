#include "cli/commands/commands.h"

namespace innkeeper {

void AddOutputOption(CLI::App& command, CliContext& context) {
  command.add_option("-o,--output", context.output, "table, wide, json, yaml or name")
      ->check(CLI::IsMember({"table", "wide", "json", "yaml", "name"}))
      ->capture_default_str();
}

void AddWaitOptions(CLI::App& command, CliContext& context) {
  command.add_flag("--wait", context.wait, "Wait until it is done, showing progress on stderr");
  command.add_option("--timeout", context.timeout, "How long to wait at most")
      ->capture_default_str();
}

void SetExamples(CLI::App& command, const std::string& examples) {
  command.footer("\nExamples:\n" + examples);
}

}  // namespace innkeeper
