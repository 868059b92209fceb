// P17: how long calls to healthy guests' agents take while one guest is frozen and another floods,
// against the same without those two. Genuine qemu-ga processes behind the agent's own lanes; every
// guest is asked at the same rate, each call counted from its due time.

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "agent/lanes.h"
#include "base/testing/temp_dir.h"
#include "bench/bench_main.h"
#include "bench/process.h"
#include "vm/guest_agent/qga_client.h"
#include "vm/testing/genuine_guest.h"
#include "vm/testing/genuine_hypervisor.h"

namespace innkeeper {
namespace {

// A guest whose agent answers anything with bytes that never end.
class FloodingAgent {
 public:
  FloodingAgent() : socket_(folder_.File("socket")), listener_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket_.copy(address.sun_path, sizeof address.sun_path - 1);
    IK_CHECK(bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    IK_CHECK(listen(listener_, 8) == 0);
    thread_ = std::jthread([this] { Flood(); });
  }
  ~FloodingAgent() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  const std::string& socket_path() const { return socket_; }

 private:
  void Flood() const {
    const std::string bytes(64 * 1024, 'x');
    while (true) {
      const int client = accept(listener_, nullptr, nullptr);
      if (client < 0) return;
      while (send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0) {
      }
      close(client);
    }
  }

  const TempDir folder_;
  const std::string socket_;
  const int listener_;
  std::jthread thread_;
};

// Asks every guest in its lane at a steady rate.
class Asking {
 public:
  Asking(GuestAgent& agent, Duration pace) : agent_(agent), pace_(pace) {}

  // Milliseconds from due time to answer of the `healthy`; the others are asked as well.
  std::vector<double> For(Duration how_long, const std::vector<DomainId>& healthy,
                          const std::vector<DomainId>& others) {
    {
      Lanes lanes({.workers = 8}, clock_);
      const MonotonicTime end = clock_.Monotonic() + how_long;
      for (MonotonicTime due = clock_.Monotonic(); due < end; due += pace_) {
        std::this_thread::sleep_until(due);
        for (const DomainId& id : healthy) Ask(lanes, id, due, /*counts=*/true);
        for (const DomainId& id : others) Ask(lanes, id, due, /*counts=*/false);
      }
      lanes.Stop(Call::Within(std::chrono::seconds(10)));
    }
    return std::exchange(took_, {});
  }

 private:
  // A lane that is full refuses: that guest has enough to answer.
  void Ask(Lanes& lanes, const DomainId& id, MonotonicTime due, bool counts) {
    lanes.Submit(id, {"ping",
                      [this, id, due, counts](const Call& call) {
                        const absl::Status done = agent_.Ping(id, call);
                        const std::scoped_lock lock(mutex_);
                        if (counts && done.ok())
                          took_.push_back(Milliseconds(clock_.Monotonic() - due));
                        return Lanes::Next::Done();
                      },
                      std::chrono::seconds(30)});
  }

  GuestAgent& agent_;
  const Duration pace_;
  const RealClock clock_;
  std::mutex mutex_;
  std::vector<double> took_;
};

class Guests {
 public:
  absl::Status Start(int64_t healthy) {
    for (int64_t i = 0; i < healthy; ++i) {
      ASSIGN_OR_RETURN(const DomainId id, AddGuest("healthy" + std::to_string(i)));
      healthy_.push_back(id);
    }
    ASSIGN_OR_RETURN(const DomainId frozen, AddGuest("frozen"));
    guests_.back()->Freeze();
    const DomainState flooding = NewDomain("flooding");
    hypervisor_.Add(flooding, flood_.socket_path());
    others_ = {frozen, flooding.id};
    return hypervisor_.fake().Start();
  }
  Hypervisor& hypervisor() { return hypervisor_.fake(); }
  const std::vector<DomainId>& healthy() const { return healthy_; }
  const std::vector<DomainId>& others() const { return others_; }

 private:
  absl::StatusOr<DomainId> AddGuest(const std::string& name) {
    ASSIGN_OR_RETURN(auto guest, GenuineGuest::Start({.host_name = name},
                                                     Call::Within(std::chrono::seconds(30))));
    const DomainState domain = NewDomain(name);
    hypervisor_.Add(domain, guest->socket());
    guests_.push_back(std::move(guest));
    return domain.id;
  }

  std::vector<std::unique_ptr<GenuineGuest>> guests_;
  FloodingAgent flood_;
  GenuineHypervisor hypervisor_;
  std::vector<DomainId> healthy_, others_;
};

absl::Status Measure(const BenchOptions& options, Report& report) {
  Guests guests;
  RETURN_IF_ERROR(guests.Start(options.numbers.at("guests")));
  QgaClient agent(guests.hypervisor());
  Asking asking(agent, std::chrono::milliseconds(options.numbers.at("pace")));
  const auto round = std::chrono::seconds(options.numbers.at("seconds"));
  const auto p99 = [&](const std::vector<DomainId>& others) -> absl::StatusOr<double> {
    const std::vector<double> took = asking.For(round, guests.healthy(), others);
    if (took.empty()) return absl::UnavailableError("no guest answers");
    return Percentile(took, 0.99);
  };
  Rounds rounds;
  RETURN_IF_ERROR(InTurns(
      options.rounds, rounds, [&] { return p99(guests.others()); }, [&] { return p99({}); }));
  report.Add({"P17", "healthy guests' p99, with a frozen and a flooding one",
              Short(Median(rounds.ours)) + " ms", Short(Median(rounds.peer)) + " ms",
              rounds.Ratio(), Bound::kAtMost, 1.5});
  return absl::OkStatus();
}

}  // namespace
}  // namespace innkeeper

int main(int argc, char** argv) {
  return innkeeper::RunBench(
      argc, argv,
      {.name = "bench_lane_isolation",
       .about =
           "P17: what a frozen and a flooding guest cost the others. Needs root and qemu-ga.\n",
       .numbers = {{"guests", 10, "Healthy guests"},
                   {"pace", 50, "Milliseconds from one question to each guest to the next"},
                   {"seconds", 10, "Length of a round"}},
       .rounds = 7},
      innkeeper::Measure);
}
