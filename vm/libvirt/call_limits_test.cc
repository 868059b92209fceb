#include "vm/libvirt/call_limits.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <list>

namespace innkeeper {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(CallLimitsTest, TheActionRunsAtTheDeadline) {
  CallLimits limits;
  std::promise<void> ran;
  const auto start = std::chrono::steady_clock::now();
  const CallLimits::Limit limit(limits, Call::Within(milliseconds(50)), [&] { ran.set_value(); });
  ASSERT_EQ(ran.get_future().wait_for(seconds(10)), std::future_status::ready);
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(50));
}

TEST(CallLimitsTest, TheActionRunsAtTheStopRequest) {
  CallLimits limits;
  std::stop_source stop;
  std::atomic<int> runs = 0;
  const CallLimits::Limit limit(limits, Call::Within(seconds(60), stop.get_token()),
                                [&] { ++runs; });
  EXPECT_EQ(runs, 0);
  stop.request_stop();
  EXPECT_EQ(runs, 1);
}

TEST(CallLimitsTest, ACallThatIsOverBeforeTheDeadlineIsLeftAlone) {
  CallLimits limits;
  std::atomic<bool> ran = false;
  {
    const CallLimits::Limit limit(limits, Call::Within(milliseconds(30)), [&] { ran = true; });
  }
  std::promise<void> later;
  const CallLimits::Limit limit(limits, Call::Within(milliseconds(60)), [&] { later.set_value(); });
  ASSERT_EQ(later.get_future().wait_for(seconds(10)), std::future_status::ready);
  EXPECT_FALSE(ran);
}

TEST(CallLimitsTest, AnEarlierDeadlineThatComesLaterIsKept) {
  CallLimits limits;
  const CallLimits::Limit far(limits, Call::Within(seconds(60)), [] {});
  std::promise<void> ran;
  const CallLimits::Limit near(limits, Call::Within(milliseconds(20)), [&] { ran.set_value(); });
  EXPECT_EQ(ran.get_future().wait_for(seconds(10)), std::future_status::ready);
}

TEST(CallLimitsTest, ManyDeadlinesAllRunOnce) {
  CallLimits limits;
  std::atomic<int> runs = 0;
  std::promise<void> all;
  std::list<CallLimits::Limit> held;
  for (int i = 0; i < 100; ++i) {
    held.emplace_back(limits, Call::Within(milliseconds((i * 37) % 100)), [&] {
      if (++runs == 100) all.set_value();
    });
  }
  EXPECT_EQ(all.get_future().wait_for(seconds(10)), std::future_status::ready);
  held.clear();
  EXPECT_EQ(runs, 100);
}

}  // namespace
}  // namespace innkeeper
