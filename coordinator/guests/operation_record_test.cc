#include "coordinator/guests/operation_record.h"

#include <gtest/gtest.h>

namespace innkeeper {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
const RemovalLimits kTwo{2, std::chrono::minutes(10)};

TEST(OperationRecordTest, ARecordSurvivesARoundTrip) {
  OperationRecord record{true, "me", true, "2 removals", {{{"lab", "web"}, kNow}}};
  const absl::StatusOr<OperationRecord> back = DecodeOperation(EncodeOperation(record));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, record);
  EXPECT_EQ(*DecodeOperation(R"({"newer":1})"), OperationRecord{});
}

TEST(OperationRecordTest, ADamagedRecordIsRefused) {
  for (const char* json :
       {"", "[]", R"({"paused":1})", R"({"brake_reason":[]})", R"({"removals":{}})",
        R"({"removals":[7]})", R"({"removals":[{"guest":"x"}]})",
        R"({"removals":[{"guest":"a/b","time":"now"}]})"}) {
    EXPECT_TRUE(absl::IsDataLoss(DecodeOperation(json).status())) << json;
  }
}

TEST(OperationRecordTest, RemovalsOutsideTheWindowDoNotCount) {
  OperationRecord record;
  EXPECT_TRUE(CountRemoval(record, {"lab", "a"}, kTwo, kNow).ok());
  EXPECT_TRUE(CountRemoval(record, {"lab", "b"}, kTwo, kNow).ok());
  EXPECT_EQ(StateOf(record, kTwo, kNow).removals.size(), 2u);
  const absl::Time later = kNow + absl::Minutes(11);
  EXPECT_TRUE(StateOf(record, kTwo, later).removals.empty());
  EXPECT_TRUE(CountRemoval(record, {"lab", "c"}, kTwo, later).ok());
  EXPECT_FALSE(record.brake);
}

TEST(OperationRecordTest, WhoWasCountedGoesOnUnderTheBrakeWithinTheWindow) {
  OperationRecord record;
  for (const char* name : {"a", "b", "c"})
    static_cast<void>(CountRemoval(record, {"lab", name}, kTwo, kNow));
  EXPECT_TRUE(record.brake);
  const OperationRecord before = record;
  EXPECT_TRUE(CountRemoval(record, {"lab", "a"}, kTwo, kNow).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(CountRemoval(record, {"lab", "d"}, kTwo, kNow)));
  EXPECT_TRUE(absl::IsFailedPrecondition(
      CountRemoval(record, {"lab", "a"}, kTwo, kNow + absl::Minutes(11))));
  EXPECT_EQ(record, before) << "nothing to be written";
  ReleaseBrake(record);
  EXPECT_TRUE(CountRemoval(record, {"lab", "d"}, kTwo, kNow).ok());
}

}  // namespace
}  // namespace innkeeper
