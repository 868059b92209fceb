#include "coordinator/home/kube/joiner_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/guests/guest_report.h"

namespace innkeeper {
namespace {

using testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(10'000);

Guest GuestIn(Phase phase, Truth truth, Reason reason, const std::string& message = "") {
  Guest guest;
  guest.key = {"shop", "web"};
  guest.uid = {"u1"};
  guest.status.fqdn = {"web.shop.example.test"};
  SetPhase(guest.status, phase, kNow);
  SetCondition(guest.status, ConditionType::kEnrolled, truth, reason, message, kNow);
  return guest;
}
Guest Registered(Guest guest) {
  SetCondition(guest.status, ConditionType::kHostRegistered, Truth::kTrue, Reason::kHostRegistered,
               "", kNow);
  return guest;
}
Guest Enrolled() { return Registered(GuestIn(Phase::kEnrolled, Truth::kTrue, Reason::kEnrolled)); }
Guest InConflict() {
  Guest guest = GuestIn(Phase::kConflict, Truth::kFalse, Reason::kConflict, "not ours");
  SetCondition(guest.status, ConditionType::kHostRegistered, Truth::kFalse, Reason::kConflict,
               "host web exists and is not ours", kNow);
  return guest;
}

JoinerSeen Seen(std::optional<Guest> guest, JoinerMarks marks = {}) {
  JoinerSeen seen;
  seen.vm = {{"shop", "web"}, {"u1"}, Wish::kYes, std::nullopt, std::move(marks)};
  seen.guest = std::move(guest);
  seen.settled = true;
  seen.now = kNow;
  return seen;
}
JoinerSeen Deleted(std::optional<Guest> guest, Duration since = Duration::zero()) {
  JoinerSeen seen = Seen(std::move(guest), {true, "", ""});
  seen.vm.deleting_since = kNow - absl::FromChrono(since);
  return seen;
}

TEST(JoinerPlan, AnnotationsSayWhatIsProvenOrWhyItFailed) {
  const std::string as = "Enrolled as web.shop.example.test";
  const auto status = [](const JoinerStep& step) { return step.change.status.value_or("-"); };
  const auto error = [](const JoinerStep& step) { return step.change.error.value_or("-"); };
  JoinerStep step = PlanJoiner(Seen(Enrolled(), {false, "", "Failed: once"}));
  EXPECT_EQ(status(step), as);
  EXPECT_EQ(error(step), "");
  EXPECT_TRUE(PlanJoiner(Seen(Enrolled(), {true, as, ""})).change.empty()) << "said already";
  const Guest failed = GuestIn(Phase::kFailed, Truth::kFalse, Reason::kGuestDns, "no DNS\x01");
  step = PlanJoiner(Seen(failed, {false, as, ""}));
  EXPECT_EQ(status(step), "");
  EXPECT_THAT(error(step), testing::StartsWith("Failed: no DNS"));
  EXPECT_THAT(error(step), testing::Not(HasSubstr("\x01")));
  EXPECT_EQ(error(PlanJoiner(Seen(InConflict()))), "Failed: not ours");
}

TEST(JoinerPlan, WhatIsNotKnownYetChangesNoAnnotation) {
  const JoinerMarks joiners{true, "Enrolled as web.shop.example.test", ""};
  EXPECT_TRUE(PlanJoiner(Seen(InConflict(), joiners)).change.empty()) << "before it is adopted";
  EXPECT_TRUE(PlanJoiner(Seen(std::nullopt, joiners)).change.empty());
  for (const Phase phase :
       {Phase::kWaiting, Phase::kRegistered, Phase::kJoining, Phase::kMissing}) {
    const Guest guest = GuestIn(phase, Truth::kFalse, Reason::kWaitingForGuest);
    EXPECT_TRUE(PlanJoiner(Seen(guest, joiners)).change.empty());
  }
  const Guest adopted = GuestIn(Phase::kRegistered, Truth::kUnknown, Reason::kAdopted);
  EXPECT_TRUE(PlanJoiner(Seen(adopted, joiners)).change.empty());
  const Guest left = GuestIn(Phase::kNotEnrolled, Truth::kFalse, Reason::kOptedOut);
  EXPECT_EQ(PlanJoiner(Seen(left, joiners)).change.status, "");
}

TEST(JoinerPlan, ADeletedVmIsHeldUntilItsHostIsGoneButNotForEver) {
  JoinerStep step = PlanJoiner(Deleted(Enrolled()));
  EXPECT_TRUE(step.give_up_host);
  EXPECT_FALSE(step.change.drop_finalizer);
  EXPECT_GT(step.again, Duration::zero());
  Guest leaving = Enrolled();
  leaving.spec.enroll = Wish::kNo;
  leaving.status.leaving_since = kNow;
  step = PlanJoiner(Deleted(leaving));
  EXPECT_FALSE(step.give_up_host) << "it was told";
  EXPECT_FALSE(step.change.drop_finalizer);
  step = PlanJoiner(Deleted(leaving, kHostPatience));
  EXPECT_TRUE(step.change.drop_finalizer);
  EXPECT_THAT(step.told->message, HasSubstr("its Guest stays"));
  Guest done = leaving;
  done.status = ForgottenStatus(leaving.status, Reason::kOptedOut, kNow);
  step = PlanJoiner(Deleted(done));
  EXPECT_TRUE(step.change.drop_finalizer);
  EXPECT_EQ(step.told->reason, Reason::kFinalizerTakenOff);
}

TEST(JoinerPlan, AForeignHostIsLeftAndToldAndTheVmGoes) {
  const JoinerStep step = PlanJoiner(Deleted(InConflict()));
  EXPECT_FALSE(step.give_up_host);
  EXPECT_TRUE(step.change.drop_finalizer);
  EXPECT_EQ(step.told->reason, Reason::kHostLeft);
  EXPECT_THAT(step.told->message, HasSubstr("not ours"));
}

TEST(JoinerPlan, AVmThatIsNoneOfOursKeepsItsFinalizer) {
  JoinerSeen seen = Deleted(std::nullopt);
  EXPECT_TRUE(PlanJoiner(seen).change.drop_finalizer) << "it asked";
  for (const Wish wish : {Wish::kUnset, Wish::kNo}) {
    seen.vm.wish = wish;
    EXPECT_TRUE(PlanJoiner(seen).change.empty());
  }
  seen.vm.wish = Wish::kYes;
  seen.settled = false;
  EXPECT_TRUE(PlanJoiner(seen).change.empty()) << "its Guest may not have been read yet";
  seen.settled = seen.guest_unreadable = true;
  EXPECT_TRUE(PlanJoiner(seen).change.empty()) << "somebody may mend it";
  seen.now += absl::FromChrono(kHostPatience);
  EXPECT_TRUE(PlanJoiner(seen).change.drop_finalizer);
  seen = Deleted(Enrolled());
  seen.vm.marks.finalizer = false;
  EXPECT_FALSE(PlanJoiner(seen).give_up_host) << "it goes as any VM goes";
}

}  // namespace
}  // namespace innkeeper
