#include "base/work_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/testing/fake_clock.h"
#include "base/testing/fake_random.h"

namespace innkeeper {
namespace {

using std::chrono::seconds;

class WorkQueueTest : public testing::Test {
 protected:
  // The key that can be had now, or "" where a worker would have to wait.
  std::string Take() { return queue_.ready() == 0 ? "" : queue_.Pop({}).value(); }

  // Takes a key and is done with it at once.
  std::string Work() {
    const std::string key = Take();
    if (!key.empty()) queue_.Done(key);
    return key;
  }

  FakeClock clock_;
  FakeRandom largest_;
  WorkQueue queue_{{.first = seconds(1), .most = seconds(4)}, clock_, largest_};
};

TEST_F(WorkQueueTest, QueuesAKeyOnceHoweverOftenItIsAdded) {
  for (int i = 0; i < 3; ++i) queue_.Add("a");
  queue_.Add("b");
  EXPECT_EQ(queue_.ready(), 2u);
  EXPECT_EQ(Work(), "a");
  EXPECT_EQ(Work(), "b");
  EXPECT_EQ(Work(), "");
}

TEST_F(WorkQueueTest, NeverGivesAKeyToTwoWorkersAndRunsItOnceMoreAfterwards) {
  queue_.Add("a");
  EXPECT_EQ(Take(), "a");
  queue_.Add("a");
  queue_.Add("a");
  EXPECT_EQ(Take(), "");
  queue_.Done("a");
  EXPECT_EQ(Work(), "a");
  EXPECT_EQ(Work(), "");
}

TEST_F(WorkQueueTest, HoldsAKeyBackUntilItsTime) {
  queue_.AddAfter("a", seconds(10));
  EXPECT_EQ(queue_.waiting(), 1u);
  clock_.Advance(seconds(9));
  EXPECT_EQ(Work(), "");
  clock_.Advance(seconds(1));
  EXPECT_EQ(queue_.waiting(), 0u);
  EXPECT_EQ(Work(), "a");
}

TEST_F(WorkQueueTest, KeepsTheEarliestOfSeveralTimes) {
  queue_.AddAfter("a", seconds(10));
  queue_.AddAfter("a", seconds(5));
  queue_.AddAfter("a", seconds(20));
  EXPECT_EQ(queue_.waiting(), 1u);
  clock_.Advance(seconds(5));
  EXPECT_EQ(Work(), "a");
  clock_.Advance(seconds(60));
  EXPECT_EQ(Work(), "");
}

TEST_F(WorkQueueTest, RunsAKeyAtItsTimeEvenWhenItRanBefore) {
  queue_.AddAfter("a", seconds(5));
  queue_.Add("a");
  EXPECT_EQ(Work(), "a");
  clock_.Advance(seconds(5));
  EXPECT_EQ(Work(), "a");
}

TEST_F(WorkQueueTest, RunsAKeyThatFellDueWhileItWasWorkedOn) {
  queue_.Add("a");
  EXPECT_EQ(Take(), "a");
  queue_.AddAfter("a", seconds(1));
  clock_.Advance(seconds(1));
  EXPECT_EQ(Take(), "");
  queue_.Add("b");
  EXPECT_EQ(Work(), "b");  // moves what is due
  queue_.Done("a");
  EXPECT_EQ(Work(), "a");
}

TEST_F(WorkQueueTest, WaitsLongerAfterEachFailureOfAKeyUntilItIsForgotten) {
  for (const int wait : {1, 2, 4, 4}) {
    queue_.AddRetry("a");
    clock_.Advance(seconds(wait) - Duration(1));
    EXPECT_EQ(Work(), "") << wait;
    clock_.Advance(Duration(1));
    EXPECT_EQ(Work(), "a") << wait;
  }
  queue_.Forget("a");
  queue_.AddRetry("a");
  clock_.Advance(seconds(1));
  EXPECT_EQ(Work(), "a");
}

TEST_F(WorkQueueTest, DelaysNoOtherKeyBecauseOneFails) {
  queue_.AddRetry("poison");
  queue_.Add("healthy");
  EXPECT_EQ(Work(), "healthy");
}

TEST_F(WorkQueueTest, LooksAtTheClockAgainWhenWoken) {
  std::string got;
  std::jthread worker([&](std::stop_token stop) { got = queue_.Pop(stop).value_or("nothing"); });
  queue_.AddAfter("a", seconds(3600));
  clock_.Advance(seconds(3600));
  queue_.Wake();
  worker.join();
  EXPECT_EQ(got, "a");
}

TEST_F(WorkQueueTest, EndsAWaitOnAStopRequest) {
  std::optional<std::string> got = "something";
  {
    std::jthread worker([&](std::stop_token stop) { got = queue_.Pop(stop); });
  }
  EXPECT_EQ(got, std::nullopt);
}

TEST(WorkQueue, WakesASleeperWhenAnEarlierTimeComesIn) {
  RealClock clock;
  FakeRandom largest;
  WorkQueue queue({.first = seconds(1), .most = seconds(1)}, clock, largest);
  queue.AddAfter("late", seconds(3600));
  std::string got;
  std::jthread worker([&](std::stop_token stop) { got = queue.Pop(stop).value_or(""); });
  queue.AddAfter("soon", std::chrono::milliseconds(1));
  worker.join();
  EXPECT_EQ(got, "soon");
}

// Each key is re-added while others run; no worker may ever meet another on the same key.
TEST(WorkQueue, KeepsOneWorkerPerKeyUnderLoad) {
  constexpr size_t kKeys = 5;
  constexpr int kRuns = 2000;
  RealClock clock;
  SystemRandom random;
  WorkQueue queue({.first = Duration(1000), .most = Duration(1000)}, clock, random);
  std::vector<std::atomic<int>> inside(kKeys);
  std::atomic<int> runs = 0;
  std::atomic<bool> met = false;
  std::stop_source stop;
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < 4; ++i) {
      workers.emplace_back([&] {
        while (const auto key = queue.Pop(stop.get_token())) {
          std::atomic<int>& mine = inside[std::stoul(*key)];
          if (++mine != 1) met = true;
          queue.AddRetry(*key);
          --mine;
          queue.Done(*key);
          if (++runs >= kRuns) stop.request_stop();
        }
      });
    }
    for (size_t key = 0; key < kKeys; ++key) queue.Add(std::to_string(key));
  }
  EXPECT_FALSE(met);
  EXPECT_GE(runs, kRuns);
}

}  // namespace
}  // namespace innkeeper
