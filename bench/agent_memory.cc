// P7: resident memory of the real innkeeper-agent at 500 domains, against a libvirt connection with
// one gRPC stream; and what each domain adds.

#include "bench/agent_under_test.h"
#include "bench/bench_libvirt.h"
#include "bench/bench_main.h"
#include "bench/echo_server.h"

namespace innkeeper {
namespace {

constexpr double kMebi = 1024.0 * 1024.0;

Call Patiently() { return Call::Within(std::chrono::minutes(2)); }

absl::StatusOr<double> AgentBytes(const BenchLibvirt& host, size_t domains) {
  ASSIGN_OR_RETURN(const auto agent, AgentUnderTest::Start(host.uri(), ChildProcess::Pin::kNone));
  RETURN_IF_ERROR(agent->AwaitDomains(domains, Patiently()));
  return static_cast<double>(SettledResidentBytes(agent->pid(), Patiently()));
}

absl::StatusOr<double> FloorBytes(const BenchLibvirt& host) {
  EchoServer server([](uint64_t) {});
  const TempDir logs;
  ASSIGN_OR_RETURN(
      const ChildProcess floor,
      ChildProcess::Start({INNKEEPER_FLOOR_PROGRAM, host.uri(), server.endpoint(), server.keys()},
                          logs.File("floor.log"), ChildProcess::Pin::kNone));
  if (!server.AwaitClient()) return absl::UnavailableError("the floor does not connect");
  return static_cast<double>(SettledResidentBytes(floor.pid(), Patiently()));
}

std::string Mebibytes(double bytes) { return Short(bytes / kMebi) + " MiB"; }

absl::Status Measure(const BenchOptions& options, Report& report) {
  const auto domains = static_cast<size_t>(options.numbers.at("domains"));
  const BenchLibvirt full("full"), empty("empty");
  RETURN_IF_ERROR(full.Define(static_cast<int>(domains)));
  Rounds whole, growth;
  RETURN_IF_ERROR(InTurns(
      options.rounds, whole, [&] { return AgentBytes(full, domains); },
      [&] { return FloorBytes(full); }));
  for (int i = 0; i < options.rounds; ++i) {
    ASSIGN_OR_RETURN(const double bytes, AgentBytes(empty, 0));
    growth.peer.push_back(bytes);
  }
  const double ours = Median(whole.ours), none = Median(growth.peer);
  const std::string at = ", " + std::to_string(domains) + " domains";
  report.Add({"P7", "agent RSS / floor" + at, Mebibytes(ours), Mebibytes(Median(whole.peer)),
              whole.Ratio(), Bound::kAtMost, 1.5});
  report.Add({"P7", "agent RSS" + at, Mebibytes(ours), "", ours / 1e6, Bound::kAtMost, 48, " MB"});
  report.Add({"P7", "RSS per domain", Mebibytes(ours), Mebibytes(none) + " without",
              (ours - none) / static_cast<double>(domains) / 1024, Bound::kAtMost, 4, " KiB"});
  return absl::OkStatus();
}

}  // namespace
}  // namespace innkeeper

int main(int argc, char** argv) {
  return innkeeper::RunBench(argc, argv,
                             {.name = "bench_agent_memory",
                              .about = "P7: memory of innkeeper-agent with many domains.\n",
                              .numbers = {{"domains", 500, "Domains of the libvirt daemon"}}},
                             innkeeper::Measure);
}
