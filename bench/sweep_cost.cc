// P8: CPU time of one of the agent's sweeps against the bare calls it cannot do without: one list
// and one bulk call for the states.

#include <libvirt/libvirt.h>

#include <condition_variable>
#include <mutex>

#include "agent/domain_watch.h"
#include "base/random.h"
#include "bench/bench_libvirt.h"
#include "bench/bench_main.h"
#include "bench/process.h"
#include "vm/libvirt/handles.h"
#include "vm/libvirt/libvirt_hypervisor.h"

namespace innkeeper {
namespace {

// Counts turns of the watch's loop, one sweep each.
class TurnCounter final : public DomainWatchListener {
 public:
  void OnDomain(agent::v1::Domain) override {}
  void OnGone(const DomainId&, GoneReason) override {}
  void OnGuestAgent(const DomainId&) override {}
  void OnGuestAgentChanged(const DomainId&) override {}
  void OnTurn() override {
    {
      const std::scoped_lock lock(mutex_);
      ++turns_;
    }
    turned_.notify_all();
  }
  bool Await(int64_t turns) {
    std::unique_lock lock(mutex_);
    const int64_t until = turns_ + turns;
    return turned_.wait_for(lock, std::chrono::minutes(2), [&] { return turns_ >= until; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable turned_;
  int64_t turns_ = 0;
};

class SweepCost {
 public:
  SweepCost(LibvirtEventLoop& loop, std::string uri, int64_t sweeps)
      : loop_(loop), uri_(std::move(uri)), sweeps_(sweeps) {}

  // Milliseconds of CPU per sweep, all threads of the agent's inventory together.
  absl::StatusOr<double> Ours(size_t domains) {
    TurnCounter turns;
    const auto hypervisor = LibvirtHypervisor::Create({.uri = uri_}, loop_, random_);
    // Every 30 s in real life; the pause costs nothing and is left out here.
    DomainWatch watch({.node_boot = "bench", .sweep = std::chrono::milliseconds(2)}, *hypervisor,
                      clock_, turns);
    RETURN_IF_ERROR(watch.Start());
    while (watch.Messages().size() != domains) {
      if (!turns.Await(1)) return absl::DeadlineExceededError("no list of domains");
    }
    if (!turns.Await(kWarm)) return absl::DeadlineExceededError("no sweeps");
    const Duration before = ProcessCpu();
    if (!turns.Await(sweeps_)) return absl::DeadlineExceededError("no sweeps");
    return Milliseconds(ProcessCpu() - before) / static_cast<double>(sweeps_);
  }

  absl::StatusOr<double> Floor() {
    const ConnectHandle connection(virConnectOpenReadOnly(uri_.c_str()));
    if (!connection) return absl::UnavailableError("no libvirt at " + uri_);
    for (int i = 0; i < kWarm; ++i) RETURN_IF_ERROR(BareSweep(connection.get()));
    const Duration before = ProcessCpu();
    for (int64_t i = 0; i < sweeps_; ++i) RETURN_IF_ERROR(BareSweep(connection.get()));
    return Milliseconds(ProcessCpu() - before) / static_cast<double>(sweeps_);
  }

 private:
  static constexpr int kWarm = 20;

  static absl::Status BareSweep(virConnectPtr connection) {
    virDomainPtr* domains = nullptr;
    const int count = virConnectListAllDomains(connection, &domains, 0);
    if (count < 0) return absl::InternalError("listing failed");
    for (int i = 0; i < count; ++i) virDomainFree(domains[i]);
    free(domains);
    virDomainStatsRecordPtr* records = nullptr;
    if (virConnectGetAllDomainStats(connection, VIR_DOMAIN_STATS_STATE, &records, 0) < 0)
      return absl::InternalError("statistics failed");
    virDomainStatsRecordListFree(records);
    return absl::OkStatus();
  }

  LibvirtEventLoop& loop_;
  const std::string uri_;
  const int64_t sweeps_;
  const RealClock clock_;
  SystemRandom random_;
};

absl::Status Measure(const BenchOptions& options, Report& report) {
  LibvirtEventLoop loop;
  RETURN_IF_ERROR(loop.Start());
  for (const int domains : {50, 500}) {
    const BenchLibvirt host("n" + std::to_string(domains));
    RETURN_IF_ERROR(host.Define(domains));
    SweepCost cost(loop, host.uri(), options.numbers.at("sweeps"));
    Rounds rounds;
    RETURN_IF_ERROR(InTurns(
        options.rounds, rounds, [&] { return cost.Ours(static_cast<size_t>(domains)); },
        [&] { return cost.Floor(); }));
    report.Add({"P8", "CPU per sweep, " + std::to_string(domains) + " domains",
                Short(Median(rounds.ours)) + " ms", Short(Median(rounds.peer)) + " ms",
                rounds.Ratio(), Bound::kAtMost, 2});
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace innkeeper

int main(int argc, char** argv) {
  return innkeeper::RunBench(argc, argv,
                             {.name = "bench_sweep_cost",
                              .about = "P8: CPU time of the agent's sweep over all domains.\n",
                              .numbers = {{"sweeps", 200, "Sweeps in each round"}},
                              .rounds = 7},
                             innkeeper::Measure);
}
