#include "agent/lanes.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <vector>

#include "base/bounded_queue.h"

namespace innkeeper {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const DomainId kWeb{"11111111-1111-1111-1111-111111111111"};
const DomainId kDb{"22222222-2222-2222-2222-222222222222"};

class LanesTest : public testing::Test {
 protected:
  Lanes::Job Once(std::function<void(const Call&)> run, Duration limit = seconds(30)) {
    return {"test",
            [run = std::move(run)](const Call& call) {
              run(call);
              return Lanes::Next::Done();
            },
            limit, false};
  }
  RealClock clock_;
};

TEST_F(LanesTest, JobsOfOneGuestRunInOrderAndNeverTogether) {
  Lanes lanes({.workers = 4, .jobs_per_lane = 64, .stuck_grace = seconds(10)}, clock_);
  std::atomic<int> inside = 0;
  std::atomic<bool> overlap = false;
  BoundedQueue<int> order(100);
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(lanes.Submit(kWeb, Once([&, i](const Call&) {
                               if (++inside > 1) overlap = true;
                               order.Push(i);
                               --inside;
                             })));
  }
  for (int i = 0; i < 50; ++i) EXPECT_EQ(order.Pop({}), i);
  lanes.Stop(Call::Within(seconds(20)));
  EXPECT_FALSE(overlap);
}

TEST_F(LanesTest, AHangingGuestDoesNotDelayAnother) {
  Lanes lanes({.workers = 2, .jobs_per_lane = 4, .stuck_grace = seconds(10)}, clock_);
  std::promise<void> thaw;
  std::promise<void> served;
  ASSERT_TRUE(lanes.Submit(kWeb, Once([&](const Call&) { thaw.get_future().wait(); })));
  ASSERT_TRUE(lanes.Submit(kDb, Once([&](const Call&) { served.set_value(); })));
  EXPECT_EQ(served.get_future().wait_for(seconds(20)), std::future_status::ready);
  thaw.set_value();
  lanes.Stop(Call::Within(seconds(20)));
}

TEST_F(LanesTest, APausedJobHoldsNoWorkerAndLetsProbesIn) {
  Lanes lanes({.workers = 1, .jobs_per_lane = 4, .stuck_grace = seconds(10)}, clock_);
  BoundedQueue<std::string> seen(16);
  int steps = 0;
  lanes.Submit(kWeb, {"join",
                      [&](const Call&) {
                        seen.Push("step");
                        return ++steps == 2 ? Lanes::Next::Done()
                                            : Lanes::Next::After(milliseconds(300));
                      },
                      seconds(30), false});
  EXPECT_EQ(seen.Pop({}), "step");
  Lanes::Job probe = Once([&](const Call&) { seen.Push("probe"); });
  probe.probe = true;
  lanes.Submit(kWeb, std::move(probe));
  EXPECT_EQ(seen.Pop({}), "probe");
  EXPECT_EQ(seen.Pop({}), "step");
  lanes.Stop(Call::Within(seconds(20)));
}

TEST_F(LanesTest, AFullLaneRefusesAndCounts) {
  Lanes lanes({.workers = 1, .jobs_per_lane = 2, .stuck_grace = seconds(10)}, clock_);
  std::promise<void> started, thaw;
  std::shared_future<void> thawed = thaw.get_future().share();
  lanes.Submit(kWeb, Once([&](const Call&) {
                 started.set_value();
                 thawed.wait();
               }));
  started.get_future().wait();
  EXPECT_TRUE(lanes.Submit(kWeb, Once([](const Call&) {})));
  EXPECT_TRUE(lanes.Submit(kWeb, Once([](const Call&) {})));
  EXPECT_FALSE(lanes.Submit(kWeb, Once([](const Call&) {})));
  EXPECT_EQ(lanes.counts().refused, 1u);
  thaw.set_value();
  lanes.Stop(Call::Within(seconds(20)));
}

TEST_F(LanesTest, AStuckStepIsCountedAndItsWorkerReplaced) {
  Lanes lanes({.workers = 1, .jobs_per_lane = 4, .stuck_grace = milliseconds(10)}, clock_);
  auto thaw = std::make_shared<std::promise<void>>();
  std::shared_future<void> thawed = thaw->get_future().share();
  std::promise<void> served;
  lanes.Submit(kWeb, Once([thawed](const Call&) { thawed.wait(); }, milliseconds(10)));
  lanes.Submit(kDb, Once([&](const Call&) { served.set_value(); }));
  EXPECT_EQ(served.get_future().wait_for(seconds(20)), std::future_status::ready);
  EXPECT_EQ(lanes.counts().abandoned, 1u);
  EXPECT_EQ(lanes.counts().stuck, 1u);
  thaw->set_value();
  lanes.Stop(Call::Within(seconds(20)));
}

TEST_F(LanesTest, StopDoesNotWaitForAStepThatNeverReturns) {
  auto thaw = std::make_shared<std::promise<void>>();
  std::shared_future<void> thawed = thaw->get_future().share();
  std::promise<void> started;
  {
    Lanes lanes({.workers = 1, .jobs_per_lane = 4, .stuck_grace = seconds(10)}, clock_);
    lanes.Submit(kWeb, Once([thawed, &started](const Call&) {
                   started.set_value();
                   thawed.wait();
                 }));
    started.get_future().wait();
    lanes.Stop(Call::Within(milliseconds(10)));
  }
  thaw->set_value();
}

}  // namespace
}  // namespace innkeeper
