#include "bench/bench_main.h"

#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>

#include "base/log.h"

namespace innkeeper {
namespace {

// How busy the machine is with other things: part of every figure taken on it.
std::string LoadNote() {
  double load[1] = {0};
  getloadavg(load, 1);
  return "load average of the last minute: " + Short(load[0]);
}

}  // namespace

int RunBench(int argc, char** argv, const BenchProgram& program,
             const std::function<absl::Status(const BenchOptions&, Report&)>& measure) {
  CLI::App app(program.about, program.name);
  BenchOptions options{.rounds = program.rounds, .numbers = {}};
  bool check = false;
  app.add_flag("--check", check, "Exit with 1 when a figure is under 80 % of its goal");
  app.add_option("--rounds", options.rounds, "Rounds of ours and the peer, in turn")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  for (const BenchNumber& number : program.numbers) {
    options.numbers[number.name] = number.value;
    app.add_option("--" + number.name, options.numbers[number.name], number.help)
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
  }
  CLI11_PARSE(app, argc, argv);
  signal(SIGPIPE, SIG_IGN);
  InitLog("bench", LogLevel::kError);
  Report report;
  const absl::Status measured = measure(options, report);
  if (!measured.ok()) {
    std::fprintf(stderr, "%s: %s\n", program.name.c_str(), ToText(measured).c_str());
    return 1;
  }
  report.Note(LoadNote());
  std::printf("%s", report.Text().c_str());
  return check && !report.Passes() ? 1 : 0;
}

absl::Status InTurns(int rounds, Rounds& to, const std::function<absl::StatusOr<double>()>& ours,
                     const std::function<absl::StatusOr<double>()>& peer) {
  for (int i = 0; i < rounds; ++i) {
    ASSIGN_OR_RETURN(const double mine, ours());
    ASSIGN_OR_RETURN(const double theirs, peer());
    to.ours.push_back(mine);
    to.peer.push_back(theirs);
  }
  return absl::OkStatus();
}

}  // namespace innkeeper
