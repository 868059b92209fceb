#include <csignal>

#include "cli/app.h"
#include "cli/exit_codes.h"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_DFL);  // `innkeeper guests | head` ends quietly
  innkeeper::CliContext context;
  int exit_code = innkeeper::kCliOk;
  const auto app = innkeeper::MakeApp(context, exit_code);
  try {
    app->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app->exit(error) == 0 ? innkeeper::kCliOk : innkeeper::kCliUsage;
  }
  return exit_code;
}
