// Elections at a real API server: whatever happens to a leader, no two may write at one time. Each
// replica keeps account of the moments at which it was sure that it may.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <vector>

#include "coordinator/kube/lease.h"
#include "coordinator/kube/testing/connect_proxy.h"
#include "coordinator/kube/testing/real_kube.h"

namespace innkeeper {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

LeaseOptions Short(const std::string& ns, const std::string& identity) {
  return {.ns = ns,
          .name = "leader",
          .identity = identity,
          .lease_time = milliseconds(2'500),
          .renew_deadline = milliseconds(1'800),
          .retry = milliseconds(300)};
}

// When a replica led, by its own word.
struct Moment {
  int64_t at = 0;  // nanoseconds of CLOCK_MONOTONIC, which all processes share
  char who = 0;
};

int64_t Nanoseconds() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

class LeaseAtTheRealServer : public testing::Test {
 protected:
  RealKube server_;
  const std::string ns_ = server_.FreshNamespace();
  RealClock clock_;
  SystemRandom random_;
};

TEST_F(LeaseAtTheRealServer, TwentyFailoversHaveOneLeaderEach) {
  ConnectProxy proxies[2];
  std::unique_ptr<KubeClient> clients[2];
  std::unique_ptr<LeaseElection> elections[2];
  for (int i = 0; i < 2; ++i) {
    clients[i] = server_.ClientThrough(proxies[i].url());
    elections[i] = std::make_unique<LeaseElection>(
        *clients[i], clock_, Short(ns_, std::string(1, static_cast<char>('a' + i))));
  }
  const Call call = Call::Within(seconds(200));
  for (int failover = 0; failover < 20; ++failover) {
    LeaseElection &next = *elections[failover % 2], &other = *elections[1 - failover % 2];
    // Half of them clean, half of them by a leader that falls silent.
    if (failover % 4 < 2) other.Release(call).IgnoreError();
    while (!next.Leads()) {
      ASSERT_TRUE(call.Check("failover").ok()) << failover;
      const MonotonicTime asked = clock_.Monotonic();
      next.Step(call).IgnoreError();
      if (next.Leads()) {
        EXPECT_LE(other.WriteUntil(), asked) << failover << ": two led at one time";
      }
      std::this_thread::sleep_for(milliseconds(50));  // the pace of its looks
    }
  }
  EXPECT_EQ(elections[1]->Transitions(), 19);
}

// Runs in a child: leads as long as it can, and writes each moment at which it may write.
[[noreturn]] void HoldInChild(const std::string& ns, int out) {
  RealKube* server = new RealKube;  // never destroyed: the namespace is the parent's
  RealClock clock;
  SystemRandom random;
  const auto client = server->Client("child");
  LeaseElector elector(*client, clock, Short(ns, "child"), random, [](bool) {});
  elector.Start();
  while (true) {
    const Moment moment{Nanoseconds(), 'c'};
    if (moment.at < elector.election().WriteUntil().time_since_epoch().count() &&
        write(out, &moment, sizeof moment) != sizeof moment)
      _exit(0);
    usleep(2'000);
  }
}

TEST_F(LeaseAtTheRealServer, ALeaderThatIsStoppedPastItsLeaseWakesUpDisempowered) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const pid_t child = fork();
  if (child == 0) HoldInChild(ns_, ends[1]);
  close(ends[1]);
  std::vector<Moment> moments;
  const auto read_one = [&] {
    Moment moment;
    if (read(ends[0], &moment, sizeof moment) != sizeof moment) return false;
    moments.push_back(moment);
    return true;
  };
  ASSERT_TRUE(read_one());
  kill(child, SIGSTOP);
  const auto client = server_.Client("parent");
  int64_t took_over = 0;
  {
    LeaseElector elector(*client, clock_, Short(ns_, "parent"), random_, [](bool) {});
    elector.Start();
    const Call call = Call::Within(seconds(60));
    while (!elector.election().Leads()) ASSERT_TRUE(call.Check("take over").ok());
    took_over = Nanoseconds();
    moments.push_back({took_over, 'p'});
    kill(child, SIGCONT);
    const auto end = std::chrono::steady_clock::now() + seconds(2);
    while (std::chrono::steady_clock::now() < end) {
      if (elector.election().Leads()) moments.push_back({Nanoseconds(), 'p'});
      std::this_thread::sleep_for(milliseconds(2));
    }
  }
  const int64_t gave_back = Nanoseconds();
  // The child leads again once the lease was given back; what it said until then is complete.
  while (moments.back().who == 'p' || moments.back().at < gave_back) ASSERT_TRUE(read_one());
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(ends[0]);
  for (const Moment& moment : moments) {
    EXPECT_FALSE(moment.who == 'c' && moment.at > took_over && moment.at < gave_back - 300'000'000)
        << "it believed that it leads while another did";
  }
}

}  // namespace
}  // namespace innkeeper
