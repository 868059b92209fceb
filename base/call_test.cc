#include "base/call.h"

#include <gtest/gtest.h>

namespace innkeeper {
namespace {

using std::chrono::hours;

TEST(Call, IsFineWhileThereIsTime) {
  const Call call = Call::Within(hours(1));
  EXPECT_TRUE(call.Check("read").ok());
  EXPECT_GT(call.Remaining(), hours(0));
  EXPECT_LE(call.Remaining(), hours(1));
}

TEST(Call, GivesACalleeWhatIsLeftAndNeverMore) {
  const Call call = Call::Within(hours(1));
  EXPECT_LT(call.AtMost(std::chrono::minutes(1)).deadline, call.deadline);
  EXPECT_EQ(call.AtMost(hours(2)).deadline, call.deadline);
}

TEST(Call, IsTooLateAfterItsDeadline) {
  const Call call = Call::Within(Duration::zero());
  EXPECT_EQ(call.Remaining(), Duration::zero());
  EXPECT_EQ(call.Check("read"), absl::DeadlineExceededError("read: too late"));
}

TEST(Call, IsCancelledByItsStopTokenWhateverTheDeadline) {
  std::stop_source source;
  const Call call = Call::Within(hours(1), source.get_token());
  source.request_stop();
  EXPECT_EQ(call.Remaining(), Duration::zero());
  EXPECT_EQ(call.AtMost(hours(2)).Check("read"), absl::CancelledError("read: stopped"));
}

}  // namespace
}  // namespace innkeeper
