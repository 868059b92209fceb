// P13, P6: how long the whole coordinator takes from its start until it is ready in an empty
// cluster, and what it holds when nothing happens, against a webhook of Python's usual stack.

#include <thread>

#include "bench/bench_main.h"
#include "bench/coordinator_under_test.h"
#include "bench/webhook_under_test.h"

namespace innkeeper {
namespace {

// After a kill the Lease is taken over only then: 15 s, and a look every 2 s.
constexpr std::chrono::seconds kTakeOver{20};

absl::Status Measure(const BenchOptions& options, Report& report) {
  ASSIGN_OR_RETURN(const auto cluster, BenchCluster::Open());
  ASSIGN_OR_RETURN(const auto ipa, FreeIpaStandIn::Start());
  ASSIGN_OR_RETURN(const auto tls, WebhookTls::Make());
  RETURN_IF_ERROR(cluster->RemoveWebhook("innkeeper"));
  CoordinatorUnderTest coordinator(*cluster, *ipa);
  std::unique_ptr<WebhookUnderTest> python;
  ASSIGN_OR_RETURN(const Duration first, coordinator.Start());
  Rounds start;
  RETURN_IF_ERROR(InTurns(
      options.rounds, start,
      [&]() -> absl::StatusOr<double> {
        coordinator.Kill();
        ASSIGN_OR_RETURN(const Duration took, coordinator.Start());
        return Milliseconds(took);
      },
      [&]() -> absl::StatusOr<double> {
        python.reset();
        ASSIGN_OR_RETURN(python, WebhookUnderTest::Start(WebhookKind::kPython, *tls));
        return Milliseconds(python->start_to_ready());
      }));
  std::this_thread::sleep_for(kTakeOver);
  const Call call = Call::Within(std::chrono::seconds(30));
  const auto ours = static_cast<double>(SettledResidentBytes(coordinator.pid(), call)) / 1e6;
  const auto theirs = static_cast<double>(SettledResidentBytes(python->pid(), call)) / 1e6;
  const double median = Median(start.ours);
  report.Add({"P13", "start to ready, empty cluster", Short(median) + " ms",
              Short(Median(start.peer)) + " ms", start.Ratio(), Bound::kAtMost, 0.3});
  report.Add({"P13", "start to ready, empty cluster", Short(median) + " ms", "", median,
              Bound::kAtMost, 150, " ms"});
  report.Add({"P6", "RSS of the idle leader", Short(ours) + " MB", Short(theirs) + " MB",
              ours / theirs, Bound::kAtMost, 0.5});
  report.Note("the very first start, which makes the authorities: " + Short(Milliseconds(first)) +
              " ms");
  return absl::OkStatus();
}

}  // namespace
}  // namespace innkeeper

int main(int argc, char** argv) {
  return innkeeper::RunBench(argc, argv,
                             {.name = "bench_coordinator_start",
                              .about = "P13, P6: start and idle memory of the coordinator.\n",
                              .numbers = {},
                              .rounds = 9},
                             innkeeper::Measure);
}
