#include "coordinator/guests/guest_report.h"

#include <gtest/gtest.h>

#include "coordinator/guests/plan_parts.h"

namespace innkeeper {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

Truth EnrolledTruth(const GuestStatus& status) {
  return status.conditions.at(ConditionType::kEnrolled).truth;
}

TEST(GuestReport, EnrolledIsTrueInItsPhaseAlone) {
  GuestStatus status;
  ShowStep(status, plan::In(Phase::kEnrolled, Reason::kEnrolled, ""), kNow);
  EXPECT_EQ(EnrolledTruth(status), Truth::kTrue);
  ShowStep(status, plan::In(Phase::kMissing, Reason::kMissing, ""), kNow);
  EXPECT_EQ(EnrolledTruth(status), Truth::kTrue) << "missing is not un-enrolled";
  ShowStep(status, plan::Keep(Reason::kPlacementDisputed, ""), kNow);
  EXPECT_EQ(EnrolledTruth(status), Truth::kTrue);
  ShowStep(status, plan::In(Phase::kFailed, Reason::kSssdInactive, ""), kNow);
  EXPECT_EQ(EnrolledTruth(status), Truth::kFalse);
}

TEST(GuestReport, AQuietStepShowsNothing) {
  GuestStatus status;
  ShowStep(status, plan::Quiet(), kNow);
  EXPECT_EQ(status, GuestStatus{});
}

TEST(GuestReport, SinceFollowsTruthAndReasonNotWords) {
  GuestStatus status;
  SetCondition(status, ConditionType::kEnrolled, Truth::kFalse, Reason::kGuestDns, "a", kNow);
  SetCondition(status, ConditionType::kEnrolled, Truth::kFalse, Reason::kGuestDns, "b",
               kNow + absl::Hours(1));
  EXPECT_EQ(status.conditions.at(ConditionType::kEnrolled).since, kNow);
  EXPECT_EQ(status.conditions.at(ConditionType::kEnrolled).message, "b");
  const GuestStatus before = status;
  EXPECT_TRUE(TransitionsBetween(before, status).empty());
  SetCondition(status, ConditionType::kEnrolled, Truth::kFalse, Reason::kGuestNetwork, "c",
               kNow + absl::Hours(1));
  ASSERT_EQ(TransitionsBetween(before, status).size(), 1u);
  EXPECT_EQ(TransitionsBetween(before, status)[0].reason, Reason::kGuestNetwork);
}

TEST(GuestReport, AConflictThatTurnsTwoConditionsIsOneEvent) {
  GuestStatus status;
  ShowStep(status, plan::In(Phase::kConflict, Reason::kConflict, "not ours"), kNow);
  EXPECT_EQ(status.conditions.at(ConditionType::kHostRegistered).truth, Truth::kFalse);
  EXPECT_EQ(EnrolledTruth(status), Truth::kFalse);
  const std::vector<Transition> told = TransitionsBetween(GuestStatus{}, status);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0], (Transition{Reason::kConflict, "not ours"}));
}

TEST(GuestReport, TheAgentsStateIsStoredOnceItHasLasted) {
  GuestStatus status;
  VmRecord vm;
  vm.node_connected = true;
  vm.agent = VmAgent::kConnected;
  vm.agent_since = vm.node_since = kNow;
  const Duration grace = std::chrono::minutes(1);
  EXPECT_EQ(ShowVm(status, vm, kNow + absl::Seconds(20), grace), std::chrono::seconds(40));
  EXPECT_FALSE(status.conditions.contains(ConditionType::kAgentConnected));
  EXPECT_EQ(ShowVm(status, vm, kNow + absl::Seconds(60), grace), Duration::zero());
  EXPECT_EQ(status.conditions.at(ConditionType::kAgentConnected).truth, Truth::kTrue);
}

TEST(GuestReport, WhatAGuestSaidOfItselfStaysWhenItIsSilent) {
  GuestStatus status;
  VmRecord vm;
  vm.claims.emplace();
  vm.claims->addresses = {"192.0.2.7"};
  vm.claims->os_name = "Debian GNU/Linux 12";
  ShowVm(status, vm, kNow, Duration::zero());
  EXPECT_EQ(status.addresses, std::vector<std::string>{"192.0.2.7"});
  EXPECT_EQ(status.os, "Debian GNU/Linux 12");
  vm.claims.reset();
  ShowVm(status, vm, kNow, Duration::zero());
  EXPECT_EQ(status.addresses.size(), 1u);
}

TEST(GuestReport, AForgottenIdentityKeepsThePasswordGeneration) {
  GuestStatus status;
  status.fqdn = {"a.test"};
  status.password_generation = 7;
  status.enrolled_generation = 1;
  const GuestStatus after = ForgottenStatus(status, Reason::kOptedOut, kNow);
  EXPECT_EQ(after.password_generation, 7);
  EXPECT_EQ(after.fqdn.text, "");
  EXPECT_EQ(after.enrolled_generation, -1);
  EXPECT_EQ(after.phase, Phase::kNotEnrolled);
}

}  // namespace
}  // namespace innkeeper
