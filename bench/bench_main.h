#pragma once
// main() of a bench program: its command line, its table, its exit code.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "bench/report.h"

namespace innkeeper {

// A whole number that a program can be told: --NAME N.
struct BenchNumber {
  std::string name;
  int64_t value;
  std::string help;
};

struct BenchProgram {
  std::string name;
  std::string about;
  std::vector<BenchNumber> numbers;
  int rounds = 5;
};

struct BenchOptions {
  int rounds = 0;  // of ours and the peer in turn; at least 5 unless told otherwise
  std::map<std::string, int64_t> numbers;
};

// Parses the command line, runs `measure`, prints the report. The exit code: 0; 1 when measuring
// failed, or with --check when a figure is under 80 % of its goal; CLI11's for a wrong command
// line.
int RunBench(int argc, char** argv, const BenchProgram& program,
             const std::function<absl::Status(const BenchOptions&, Report&)>& measure);

// Fills both sides, ours and the peer in turn, with what the functions return.
absl::Status InTurns(int rounds, Rounds& to, const std::function<absl::StatusOr<double>()>& ours,
                     const std::function<absl::StatusOr<double>()>& peer);

}  // namespace innkeeper
