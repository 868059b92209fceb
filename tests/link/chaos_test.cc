// A coordinator that is killed and started again at random while orders run: no result is lost, no
// order is carried out twice.

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <random>
#include <set>

#include "coordinator/fleet/testing/test_messages.h"
#include "tests/link/testing/test_agent.h"
#include "tests/link/testing/test_centre.h"

namespace innkeeper {
namespace {

constexpr int kOrders = 40;
constexpr int kSteps = 50;

class ChaosTest : public testing::TestWithParam<unsigned> {
 protected:
  static std::string Id(int n) { return "join-" + std::to_string(n); }
  static VmUid Vm(int n) { return {TestUuid(n % 8)}; }

  void Ask(int n) {
    if (!running_ || applied_.contains(Id(n))) return;
    JoinJob job;
    job.uid = Vm(n);
    job.attempt = Id(n);
    job.fqdn = {"web.example.test"};
    job.password = Secret("pw");
    // UNAVAILABLE while the agent is away: asked again at a later step.
    static_cast<void>(centre_.fleet().Join(std::move(job), TestCentre::Soon()));
  }
  // What a reconciler does: store the result, then acknowledge.
  void Store() {
    if (!running_) return;
    for (int n = 0; n < kOrders; ++n) {
      const auto job = centre_.home().Job(Vm(n), Id(n));
      if (!job || !job->result) continue;
      EXPECT_EQ(*job->result, JobResult::kOk);
      applied_.insert(Id(n));
      centre_.fleet().Acknowledge(Vm(n), Id(n));
    }
  }
  // The node does an order once, however often it is told.
  void Work(const agent::v1::Order& order) {
    {
      const std::scoped_lock lock(mutex_);
      if (!known_.insert(order.id()).second) return;
      ++done_[order.id()];
    }
    agent_.node().Finish(agent_.link(), order.id(), order.domain_uuid());
  }

  // Before the threads that use them.
  std::set<std::string> applied_;
  std::mutex mutex_;
  std::set<std::string> known_;
  std::map<std::string, int> done_;
  TestCentre centre_;
  bool running_ = centre_.Start().ok();
  TestAgent agent_{centre_.endpoint()};
};

TEST_P(ChaosTest, NoResultIsLostAndNoOrderDoneTwice) {
  std::mt19937 random(GetParam());
  ASSERT_TRUE(running_);
  ASSERT_TRUE(centre_.Enlist("host1", agent_.keys()).ok());
  for (int n = 0; n < 8; ++n) agent_.node().Put(agent_.link(), TestDomain(n));
  agent_.node().React([this](const agent::v1::Order& order) { Work(order); });
  agent_.Start();
  for (int step = 0; step < kSteps; ++step) {
    for (int i = 0; i < 4; ++i) Ask(static_cast<int>(random() % kOrders));
    if (random() % 2 == 0) Store();
    if (running_) {
      // Sometimes at once, sometimes with what is under way.
      centre_.Stop(random() % 2 == 0 ? Duration::zero() : Duration(std::chrono::seconds(1)));
      running_ = false;
    }
    ASSERT_TRUE(centre_.Start().ok());
    running_ = true;
    if (random() % 3 != 0) agent_.node().Eventually([this] { return agent_.node().connected(); });
    if (random() % 8 == 0) agent_.link().Reload();
  }
  const bool all = centre_.home().Eventually(
      [this] {
        for (int n = 0; n < kOrders; ++n) Ask(n);
        Store();
        return applied_.size() == kOrders;
      },
      std::chrono::seconds(30));
  EXPECT_TRUE(all) << applied_.size() << " of " << kOrders;
  const std::scoped_lock lock(mutex_);  // the agent still hears of orders that it has done
  for (int n = 0; n < kOrders; ++n) EXPECT_EQ(done_[Id(n)], 1) << Id(n);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ChaosTest, testing::Values(1u, 2u, 3u));

}  // namespace
}  // namespace innkeeper
