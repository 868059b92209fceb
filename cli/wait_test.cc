#include "cli/wait.h"

#include <gtest/gtest.h>

namespace innkeeper {
namespace {

admin::v1::Guest EnrolledSince(int64_t seconds) {
  admin::v1::Guest guest;
  if (seconds > 0) guest.mutable_status()->mutable_keytab_since()->set_seconds(seconds);
  admin::v1::Condition* enrolled = guest.mutable_status()->add_conditions();
  enrolled->set_type("Enrolled");
  enrolled->set_status("True");
  return guest;
}

TEST(Wait, TheKeyItHadDoesNotCountWhenANewOneWasAskedFor) {
  const admin::v1::Guest before = EnrolledSince(100);
  EXPECT_EQ(JudgeEnrolled(before), WaitVerdict::kReached);
  EXPECT_EQ(JudgeEnrolledAnew(before, before), WaitVerdict::kGoOn);
  EXPECT_EQ(JudgeEnrolledAnew(before, EnrolledSince(160)), WaitVerdict::kReached);
}

TEST(Wait, AFirstKeyIsANewOne) {
  EXPECT_EQ(JudgeEnrolledAnew(admin::v1::Guest(), EnrolledSince(100)), WaitVerdict::kReached);
}

TEST(Wait, WhatIsHopelessIsSoForANewKeyToo) {
  admin::v1::Guest denied = EnrolledSince(100);
  denied.mutable_status()->mutable_conditions(0)->set_status("False");
  denied.mutable_status()->mutable_conditions(0)->set_reason("IpaDenied");
  EXPECT_EQ(JudgeEnrolledAnew(EnrolledSince(100), denied), WaitVerdict::kHopeless);
}

}  // namespace
}  // namespace innkeeper
