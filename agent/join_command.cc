#include "agent/join_command.h"

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>

#include "absl/strings/ascii.h"
#include "agent/config.h"
#include "agent/link/join_client.h"
#include "base/daemon.h"

namespace innkeeper {
namespace {

struct JoinOptions {
  std::string url, node;
  std::string token_file;
  std::vector<std::string> resolve;
};

// The token comes from a file or from standard input, never from argv, which everybody can read.
absl::StatusOr<Secret> ReadToken(const std::string& file) {
  std::string text;
  if (file == "-") {
    if (isatty(STDIN_FILENO) == 1) std::fputs("Join token: ", stderr);
    std::getline(std::cin, text);
  } else {
    std::ifstream in(file);
    if (!in) return ErrnoStatus(errno, file);
    std::getline(in, text);
  }
  const std::string trimmed(absl::StripAsciiWhitespace(text));
  WipeString(text);
  if (trimmed.empty()) return absl::InvalidArgumentError("no token");
  return Secret(trimmed);
}

// The short host name, lower case.
std::string DefaultNode() {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  const std::string text = absl::AsciiStrToLower(name);
  return text.substr(0, text.find('.'));
}

int Join(const ProgramOptions& program, const JoinOptions& options) {
  AgentConfig config;
  ConfigSchema schema("innkeeper-agent", "INNKEEPER_AGENT");
  config.Describe(schema);
  if (const auto ended = LoadConfig(program, kAgentConfigFile, schema)) return *ended;
  absl::StatusOr<Secret> token = ReadToken(options.token_file);
  if (!token.ok()) return FailStart("innkeeper-agent join", token.status());
  const absl::StatusOr<JoinRecord> joined =
      JoinCoordinator({.url = options.url,
                       .token = *std::move(token),
                       .node = options.node.empty() ? DefaultNode() : options.node,
                       .directory = config.state_dir,
                       .resolve = options.resolve},
                      Call::Within(std::chrono::seconds(30)));
  if (!joined.ok()) {
    FailStart("innkeeper-agent join", joined.status());
    return kExitFailed;
  }
  std::printf(
      "Joined cluster %s as node %s in namespace %s.\nStart it: systemctl enable --now "
      "innkeeper-agent\n",
      joined->cluster.c_str(), joined->node.c_str(), joined->space.c_str());
  return kExitOk;
}

}  // namespace

void AddJoinCommand(CLI::App& app, const ProgramOptions& options, int& exit_code) {
  CLI::App* command = app.add_subcommand("join", "Join a coordinator with a join token");
  const auto join = std::make_shared<JoinOptions>();
  join->token_file = "-";
  command->add_option("url", join->url, "https://HOST:PORT of the coordinator")->required();
  command->add_option("--token-file", join->token_file, "File with the token; - reads stdin")
      ->capture_default_str();
  command->add_option("--node", join->node, "Name of this node; default: its short host name");
  command->add_option("--resolve", join->resolve, "HOST:PORT:ADDRESS instead of DNS");
  command->footer(
      "\nExamples:\n"
      "  innkeeper-agent join https://inn.example.test:7444 < token\n"
      "  ssh centre innkeeper-coordinator token create -n lab | "
      "innkeeper-agent join https://centre:7444\n");
  command->callback([&app, &options, &exit_code, join] {
    static_cast<void>(app);
    exit_code = Join(options, *join);
  });
}

}  // namespace innkeeper
