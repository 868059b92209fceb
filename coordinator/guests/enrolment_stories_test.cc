// Getting an identity: names, registration, attempts and their failures.
#include "coordinator/guests/testing/identity_story.h"

namespace innkeeper {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_F(IdentityStory, AGuestThatAsksIsEnrolledInOneGo) {
  world_.AddVm("web");
  world_.Settle();
  EXPECT_TRUE(world_.IsEnrolled(kWeb));
  EXPECT_EQ(world_.Find(kWeb)->status.fqdn, kWebName);
  EXPECT_EQ(world_.delivery.joins(), 1u);
  EXPECT_TRUE(world_.Find(kWeb)->status.enroll_took.has_value());
  EXPECT_EQ(world_.recorder.Count(Reason::kEnrolled), 1u);
  EXPECT_EQ(world_.ReasonOf(kWeb, ConditionType::kHostRegistered), Reason::kHostRegistered);
}

TEST_F(IdentityStory, AGuestThatDoesNotAskIsLeftAlone) {
  world_.AddVm("web", Wish::kUnset);
  world_.AddVm("db", Wish::kNo);
  world_.Settle();
  EXPECT_EQ(world_.ipa.directory().host_count(), 0u);
  EXPECT_FALSE(world_.Find(kWeb).has_value());
}

TEST_F(IdentityStory, AnEnrolledGuestCostsNothingWhileNothingHappens) {
  Enrolled();
  const int64_t points = world_.points_passed();
  world_.Pass(minutes(2));  // the agent's condition is stored once
  const int64_t later = world_.points_passed();
  EXPECT_LE(later - points, 4);
  world_.Pass(hours(2));
  EXPECT_EQ(world_.points_passed(), later);
}

TEST_F(IdentityStory, AHostIsRegisteredWhileItsGuestIsOff) {
  const VmUid uid = world_.AddVm("web", Wish::kUnset);
  world_.Change(uid, [](VmRecord& vm) {
    vm.run = VmRun::kOff;
    vm.run_id.clear();
    vm.agent = VmAgent::kDisconnected;
    vm.wish = Wish::kYes;
  });
  world_.Settle();
  EXPECT_EQ(world_.PhaseOf(kWeb), Phase::kRegistered);
  EXPECT_EQ(world_.ReasonOf(kWeb), Reason::kWaitingForGuest);
  ASSERT_TRUE(world_.ipa.Find(kWebName).has_value());
  EXPECT_FALSE(world_.ipa.Find(kWebName)->has_password);
  world_.Reboot(uid);
  world_.Settle();
  EXPECT_TRUE(world_.IsEnrolled(kWeb));
}

TEST_F(IdentityStory, AForeignHostOfThatNameIsNeverTouched) {
  world_.ipa.AddForeign(kWebName, {"somebody else's"});
  world_.AddVm("web");
  world_.Pass(hours(2));
  EXPECT_EQ(world_.PhaseOf(kWeb), Phase::kConflict);
  EXPECT_EQ(world_.ReasonOf(kWeb), Reason::kConflict);
  EXPECT_EQ(world_.recorder.Count(Reason::kConflict), 1u);  // though two conditions say it
  world_.ipa.directory().EraseHost(kWebName);
  EXPECT_TRUE(world_.PassUntil([&] { return world_.IsEnrolled(kWeb); }));
}

TEST_F(IdentityStory, AnotherClustersHostIsForeignToo) {
  world_.ipa.AddForeign(kWebName, {"innkeeper:c2:lab/web:u"});
  world_.AddVm("web");
  world_.Settle();
  EXPECT_EQ(world_.ReasonOf(kWeb), Reason::kConflict);
}

TEST_F(IdentityStory, TwoGuestsThatWantOneNameDoNotShareIt) {
  Enrolled();
  const VmUid other = world_.AddVm("other", Wish::kUnset);
  world_.Change(other, [](VmRecord& vm) {
    vm.wish_fqdn = kWebName.text;
    vm.wish = Wish::kYes;
  });
  world_.Pass(minutes(5));
  EXPECT_EQ(world_.ReasonOf({"lab", "other"}), Reason::kNameTaken);
  EXPECT_TRUE(world_.IsEnrolled(kWeb));
}

TEST_F(IdentityStory, FailuresAreRetriedWithAGrowingWaitAndTheirPasswordsWithdrawn) {
  const VmUid uid = world_.AddVm("web", Wish::kUnset);
  for (const JobResult result : {JobResult::kNetwork, JobResult::kDns, JobResult::kKdc})
    world_.delivery.FailNextJoin(uid, result);
  world_.Change(uid, [](VmRecord& vm) { vm.wish = Wish::kYes; });
  world_.Settle();
  EXPECT_EQ(world_.PhaseOf(kWeb), Phase::kFailed);
  EXPECT_EQ(world_.ReasonOf(kWeb), Reason::kGuestNetwork);
  EXPECT_FALSE(world_.HasLivePassword(kWeb));
  world_.Pass(seconds(5));
  EXPECT_EQ(world_.Find(kWeb)->status.failures, 1);
  EXPECT_TRUE(world_.PassUntil([&] { return world_.IsEnrolled(kWeb); }));
  EXPECT_EQ(world_.Find(kWeb)->status.failures, 0);
}

TEST_F(IdentityStory, WhatOnlyAPersonCanMendWaitsForNews) {
  const VmUid uid = world_.AddVm("web", Wish::kUnset);
  world_.delivery.FailNextJoin(uid, JobResult::kUnsupportedOs);
  world_.Change(uid, [](VmRecord& vm) { vm.wish = Wish::kYes; });
  world_.Pass(minutes(30));
  EXPECT_EQ(world_.ReasonOf(kWeb), Reason::kUnsupportedOs);
  EXPECT_EQ(world_.PhaseOf(kWeb), Phase::kFailed);
  EXPECT_FALSE(world_.HasLivePassword(kWeb));
  world_.Reboot(uid);
  world_.Settle();
  EXPECT_TRUE(world_.IsEnrolled(kWeb));
}

TEST_F(IdentityStory, ARaisedGenerationIsNewsToo) {
  const VmUid uid = world_.AddVm("web", Wish::kUnset);
  world_.delivery.FailNextJoin(uid, JobResult::kConfig);
  world_.Change(uid, [](VmRecord& vm) { vm.wish = Wish::kYes; });
  world_.Pass(minutes(10));
  EXPECT_EQ(world_.ReasonOf(kWeb), Reason::kGuestConfig);
  world_.ChangeSpec(kWeb, [](IdentitySpec& spec) { ++spec.generation; });
  world_.Settle();
  EXPECT_TRUE(world_.IsEnrolled(kWeb));
}

TEST_F(IdentityStory, AGuestThatForbidsExecGetsNoPasswordAndIsJoinedOnceItAllows) {
  const VmUid uid = world_.AddVm("web", Wish::kUnset);
  world_.Change(uid, [](VmRecord& vm) {
    vm.claims.emplace().exec_allowed = false;
    vm.wish = Wish::kYes;
  });
  world_.Pass(minutes(30));
  EXPECT_EQ(world_.ReasonOf(kWeb), Reason::kExecBlocked);
  EXPECT_FALSE(world_.ipa.Find(kWebName)->has_password);
  world_.Change(uid, [](VmRecord& vm) { vm.claims->exec_allowed = true; });
  world_.Settle();
  EXPECT_TRUE(world_.IsEnrolled(kWeb));
}

TEST_F(IdentityStory, AnUnusedPasswordIsWithdrawnAtItsDeadline) {
  const VmUid uid = world_.AddVm("web");
  // The order leaves; the guest's agent dies before it works on it.
  while (world_.controller().RunOne(GuestWorld::AnyCall())) {
  }
  ASSERT_TRUE(world_.Find(kWeb)->status.attempt.has_value());
  world_.Change(uid, [](VmRecord& vm) { vm.node_connected = false; });
  world_.Pass(minutes(30));
  EXPECT_FALSE(world_.Find(kWeb)->status.attempt.has_value());
  EXPECT_FALSE(world_.HasLivePassword(kWeb));
  world_.Change(uid, [](VmRecord& vm) { vm.node_connected = true; });
  EXPECT_TRUE(world_.PassUntil([&] { return world_.IsEnrolled(kWeb); }));
}

TEST_F(IdentityStory, ALostWordOfASuccessIsFoundOutByProof) {
  for (const JobResult said : {JobResult::kDeadline, JobResult::kInterrupted, JobResult::kBadAnswer,
                               JobResult::kInternal}) {
    const std::string name = NameOf(said);
    const VmUid uid = world_.AddVm(name, Wish::kUnset);
    world_.delivery.LoseNextWord(uid, said);
    world_.Change(uid, [](VmRecord& vm) { vm.wish = Wish::kYes; });
    EXPECT_TRUE(world_.PassUntil([&] { return world_.IsEnrolled({"lab", name}); })) << name;
    EXPECT_EQ(world_.ipa.KeyNumber({name + ".lab.example.test"}), 1) << "its key was kept";
  }
}

TEST_F(IdentityStory, ASuccessfulWordWithoutAKeyInFreeIpaIsNotBelieved) {
  const VmUid uid = world_.AddVm("web", Wish::kUnset);
  world_.delivery.FailNextJoin(uid, JobResult::kOk);  // says so, and holds nothing
  world_.Change(uid, [](VmRecord& vm) { vm.wish = Wish::kYes; });
  world_.Settle();
  EXPECT_NE(world_.PhaseOf(kWeb), Phase::kEnrolled);
  EXPECT_EQ(world_.ReasonOf(kWeb), Reason::kBadAnswer);
  EXPECT_TRUE(world_.PassUntil([&] { return world_.IsEnrolled(kWeb); }));
}

}  // namespace
}  // namespace innkeeper
