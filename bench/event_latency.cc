// P9: from a change of a domain until the coordinator has it, through the real innkeeper-agent,
// against libvirt's callback plus one ping-pong over a bare gRPC stream. Both begin before the call
// that changes the domain. The coordinator's side and whoever makes the change run on one core, the
// agent (or the floor) on another.

#include <libvirt/libvirt.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "bench/agent_under_test.h"
#include "bench/bench_libvirt.h"
#include "bench/bench_main.h"
#include "bench/echo_server.h"
#include "bench/process.h"
#include "vm/libvirt/handles.h"

namespace innkeeper {
namespace {

using Nanoseconds = std::chrono::nanoseconds;

// A domain in the daemon's memory that is suspended and resumed in turn.
class Toggled {
 public:
  explicit Toggled(const std::string& uri) : connection_(virConnectOpen(uri.c_str())) {
    if (connection_) domain_.reset(virDomainLookupByName(connection_.get(), "test"));
  }
  bool found() const { return domain_ != nullptr; }
  absl::Status Toggle() {
    const bool pause = !paused_.load();
    paused_ = pause;  // before anybody can hear of it
    const int done = pause ? virDomainSuspend(domain_.get()) : virDomainResume(domain_.get());
    if (done != 0) return absl::InternalError("libvirt does not change the domain");
    return absl::OkStatus();
  }
  // What it was last told to be.
  VmRun run() const { return paused_ ? VmRun::kPaused : VmRun::kRunning; }

 private:
  const ConnectHandle connection_;
  DomainHandle domain_;
  std::atomic<bool> paused_ = false;
};

// When the change that is waited for arrived.
class Arrival {
 public:
  void Arrived(MonotonicTime when) {
    {
      const std::scoped_lock lock(mutex_);
      when_ = when;
    }
    changed_.notify_all();
  }
  // The latest, once it is not before `since`.
  absl::StatusOr<MonotonicTime> Since(MonotonicTime since) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(10), [&] { return when_ >= since; }))
      return absl::DeadlineExceededError("the change does not arrive");
    return when_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  MonotonicTime when_{};
};

// Microseconds of each change. `pace`: between the beginnings of two.
absl::StatusOr<std::vector<double>> Changes(Toggled& domain, Arrival& arrival, int64_t changes,
                                            Duration pace) {
  constexpr int64_t kWarm = 20;
  std::vector<double> took;
  MonotonicTime next = std::chrono::steady_clock::now();
  for (int64_t i = 0; i < kWarm + changes; ++i) {
    std::this_thread::sleep_until(next);
    next += pace;
    const MonotonicTime began = std::chrono::steady_clock::now();
    RETURN_IF_ERROR(domain.Toggle());
    ASSIGN_OR_RETURN(const MonotonicTime arrived, arrival.Since(began));
    if (i >= kWarm) took.push_back(Microseconds(arrived - began));
  }
  return took;
}

class EventLatency {
 public:
  EventLatency(const BenchLibvirt& host, const BenchOptions& options)
      : uri_(host.DriverUri("test:///default")),
        domain_(uri_),
        changes_(options.numbers.at("changes")),
        pace_(std::chrono::milliseconds(options.numbers.at("pace"))) {}

  bool ready() const { return domain_.found(); }

  absl::StatusOr<std::vector<double>> Ours() {
    Arrival arrival;
    const auto told = [&](const VmRecord& vm) {
      // What the snapshot held may come once more as a change: that is not the one waited for.
      if (vm.run == domain_.run()) arrival.Arrived(std::chrono::steady_clock::now());
    };
    ASSIGN_OR_RETURN(const auto agent,
                     AgentUnderTest::Start(uri_, ChildProcess::Pin::kSecond, told));
    RETURN_IF_ERROR(agent->AwaitDomains(1, Call::Within(std::chrono::minutes(1))));
    return Changes(domain_, arrival, changes_, pace_);
  }

  absl::StatusOr<std::vector<double>> Floor() {
    Arrival arrival;
    EchoServer server([&](uint64_t number) {
      arrival.Arrived(MonotonicTime(Nanoseconds(static_cast<int64_t>(number))));
    });
    const TempDir logs;
    ASSIGN_OR_RETURN(
        const ChildProcess floor,
        ChildProcess::Start({INNKEEPER_FLOOR_PROGRAM, uri_, server.endpoint(), server.keys()},
                            logs.File("floor.log"), ChildProcess::Pin::kSecond));
    if (!server.AwaitClient()) return absl::UnavailableError("the floor does not connect");
    // The ping-pong that opened the stream must be over before the first that counts.
    ASSIGN_OR_RETURN(std::ignore, arrival.Since(MonotonicTime(Nanoseconds(1))));
    return Changes(domain_, arrival, changes_, pace_);
  }

 private:
  const std::string uri_;
  Toggled domain_;
  const int64_t changes_;
  const Duration pace_;
};

absl::Status Measure(const BenchOptions& options, Report& report) {
  PinThisProcess(Core::kFirst);
  const BenchLibvirt host("events");
  EventLatency latency(host, options);
  if (!latency.ready()) return absl::UnavailableError("libvirt has no test driver");
  Rounds p50, p99;
  for (int i = 0; i < options.rounds; ++i) {
    ASSIGN_OR_RETURN(const std::vector<double> ours, latency.Ours());
    ASSIGN_OR_RETURN(const std::vector<double> floor, latency.Floor());
    p50.ours.push_back(Percentile(ours, 0.5));
    p50.peer.push_back(Percentile(floor, 0.5));
    p99.ours.push_back(Percentile(ours, 0.99));
    p99.peer.push_back(Percentile(floor, 0.99));
  }
  const auto text = [](const std::vector<double>& all) { return Short(Median(all)) + " us"; };
  report.Add({"P9", "event to coordinator, p50", text(p50.ours), text(p50.peer), p50.Ratio(),
              Bound::kAtMost, 2});
  report.Add({"P9", "event to coordinator, p99", text(p99.ours), text(p99.peer), p99.Ratio(),
              Bound::kAtMost, 5});
  return absl::OkStatus();
}

}  // namespace
}  // namespace innkeeper

int main(int argc, char** argv) {
  return innkeeper::RunBench(
      argc, argv,
      {.name = "bench_event_latency",
       .about = "P9: a domain's event until the coordinator has it.\n",
       .numbers = {{"changes", 300, "Changes in each round"},
                   {"pace", 10, "Milliseconds from one change to the next"}}},
      innkeeper::Measure);
}
