#include "coordinator/guests/names.h"

#include <gtest/gtest.h>

namespace innkeeper {
namespace {

template <class Enum, class Parse>
void ExpectRoundTrip(Enum last, Parse parse) {
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    const Enum value = static_cast<Enum>(i);
    EXPECT_EQ(parse(NameOf(value)), value) << NameOf(value);
  }
  EXPECT_FALSE(parse("no such name").has_value());
}

TEST(Names, EachIsParsedBack) {
  ExpectRoundTrip(Wish::kNo, ParseWish);
  ExpectRoundTrip(Phase::kMissing, ParsePhase);
  ExpectRoundTrip(ConditionType::kAgentConnected, ParseConditionType);
  ExpectRoundTrip(Truth::kFalse, ParseTruth);
  ExpectRoundTrip(Severity::kWarning, ParseSeverity);
  ExpectRoundTrip(VmPresence::kRemoved, ParseVmPresence);
  ExpectRoundTrip(JobResult::kInternal, ParseJobResult);
}

TEST(Names, AreTheOnesUsersSee) {
  EXPECT_STREQ(NameOf(Phase::kEnrolled), "Enrolled");
  EXPECT_STREQ(NameOf(Phase::kNotEnrolled), "NotEnrolled");
  EXPECT_STREQ(NameOf(ConditionType::kHostRegistered), "HostRegistered");
  EXPECT_STREQ(NameOf(VmAgent::kUnresponsive), "unresponsive");
  EXPECT_STREQ(NameOf(VmRun::kRunning), "running");
  EXPECT_STREQ(NameOf(JobKind::kLeave), "leave");
  EXPECT_STREQ(NameOf(JobResult::kOtpRejected), "otp-rejected");
  EXPECT_STREQ(NameOf(JobResult::kFrozen), "frozen");
  EXPECT_EQ(AllPhases().size(), 9u);
}

}  // namespace
}  // namespace innkeeper
