// P4: the webhook's p99 in the whole coordinator while FreeIPA hangs, against a healthy FreeIPA.
// VMs are created all the time, so that the leader registers hosts and really waits.

#include <thread>

#include "bench/bench_main.h"
#include "bench/coordinator_under_test.h"
#include "bench/http_answer.h"
#include "bench/tls_connection.h"
#include "bench/webhook_load.h"
#include "bench/webhook_review.h"

namespace innkeeper {
namespace {

// Creates VMs at a steady pace until it goes, then deletes them.
class VmTraffic {
 public:
  VmTraffic(BenchCluster& cluster, Duration every)
      : cluster_(cluster), thread_([this, every](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
            if (cluster_.CreateVm("hang-" + std::to_string(made_)).ok()) ++made_;
            std::this_thread::sleep_for(every);
          }
        }) {}
  ~VmTraffic() {
    thread_ = {};
    for (int i = 0; i < made_; ++i) cluster_.DeleteVm("hang-" + std::to_string(i)).IgnoreError();
  }
  VmTraffic(const VmTraffic&) = delete;
  VmTraffic& operator=(const VmTraffic&) = delete;
  int made() const { return made_; }

 private:
  BenchCluster& cluster_;
  std::atomic<int> made_ = 0;
  std::jthread thread_;
};

absl::Status AwaitWaiting(const FreeIpaStandIn& ipa, bool waiting) {
  const Call call = Call::Within(std::chrono::seconds(60));
  while ((ipa.Waiting() > 0) != waiting) {
    RETURN_IF_ERROR(call.Check("wait until requests wait for FreeIPA, or none does"));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return absl::OkStatus();
}

absl::Status Measure(const BenchOptions& options, Report& report) {
  const auto number = [&](const char* name) { return options.numbers.at(name); };
  ASSIGN_OR_RETURN(const auto cluster, BenchCluster::Open());
  ASSIGN_OR_RETURN(const auto ipa, FreeIpaStandIn::Start());
  CoordinatorUnderTest coordinator(*cluster, *ipa);
  RETURN_IF_ERROR(cluster->InstallWebhook("innkeeper", coordinator.webhook_port(), ""));
  RETURN_IF_ERROR(coordinator.Start().status());
  ASSIGN_OR_RETURN(const std::string ca,
                   cluster->AwaitCaBundle(Call::Within(std::chrono::seconds(60))));
  ASSIGN_OR_RETURN(const TlsContext context, MakeLoadContext(ca));
  const Load load{.port = coordinator.webhook_port(),
                  .request = PostOf("/mutate-virtualmachine", BenchReview()),
                  .requests = static_cast<size_t>(number("rate") * number("seconds")),
                  .per_second = static_cast<double>(number("rate"))};
  const auto p99 = [&]() -> absl::StatusOr<double> {
    ASSIGN_OR_RETURN(std::vector<double> all,
                     SendLoad(context, load, Call::Within(std::chrono::minutes(2))));
    return Percentile(std::move(all), 0.99) / 1000;
  };
  const Duration hang = std::chrono::seconds(5);
  Rounds rounds;
  int hung = 0, answered = 0;
  {
    VmTraffic traffic(*cluster, std::chrono::milliseconds(number("create-ms")));
    const absl::Status taken = InTurns(
        options.rounds, rounds,
        [&]() -> absl::StatusOr<double> {
          ipa->Hang(hang);
          RETURN_IF_ERROR(AwaitWaiting(*ipa, true));
          const absl::StatusOr<double> got = p99();
          hung += ipa->Waiting();
          ipa->Hang(Duration::zero());
          return got;
        },
        [&]() -> absl::StatusOr<double> {
          RETURN_IF_ERROR(AwaitWaiting(*ipa, false));
          const int before = ipa->Answered();
          absl::StatusOr<double> got = p99();
          answered += ipa->Answered() - before;
          return got;
        });
    RETURN_IF_ERROR(taken);
    report.Note("VMs created meanwhile: " + std::to_string(traffic.made()) +
                "; hosts that FreeIPA was asked to add: " + std::to_string(ipa->Hosts()));
  }
  RETURN_IF_ERROR(cluster->RemoveWebhook("innkeeper"));
  if (hung == 0 || answered == 0)
    return absl::FailedPreconditionError("nobody waited for FreeIPA: nothing is shown");
  report.Add({"P4", "webhook p99 with FreeIPA hung 5 s / healthy",
              Short(Median(rounds.ours)) + " ms", Short(Median(rounds.peer)) + " ms",
              rounds.Ratio(), Bound::kAtMost, 1.2});
  report.Note("requests waiting for the hung FreeIPA at the end of a round, on average: " +
              Short(static_cast<double>(hung) / options.rounds) +
              "; answered by the healthy one in a round: " +
              Short(static_cast<double>(answered) / options.rounds));
  return absl::OkStatus();
}

}  // namespace
}  // namespace innkeeper

int main(int argc, char** argv) {
  return innkeeper::RunBench(
      argc, argv,
      {.name = "bench_webhook_hang",
       .about = "P4: the webhook of a coordinator whose FreeIPA hangs.\n",
       .numbers = {{"rate", 300, "Reviews a second"},
                   {"seconds", 6, "For so long in each round"},
                   {"create-ms", 200, "Between two VMs that are created meanwhile"}},
       .rounds = 5},
      innkeeper::Measure);
}
