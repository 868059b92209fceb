// Whole lives of identities: the controller, plans and passes with a FreeIPA, guests and a home in
// memory.
#include <gtest/gtest.h>

#include "coordinator/guests/names.h"
#include "coordinator/guests/testing/guest_world.h"

namespace innkeeper {

void PrintTo(Phase phase, std::ostream* out) { *out << NameOf(phase); }
void PrintTo(Reason reason, std::ostream* out) { *out << TextOf(reason).code; }

namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const GuestKey kWeb{"lab", "web"};
const Fqdn kWebName{"web.lab.example.test"};

class IdentityStory : public testing::Test {
 protected:
  void TearDown() override { EXPECT_TRUE(world_.ipa.violations().empty()); }
  // A guest that is enrolled already.
  VmUid Enrolled(const std::string& name = "web") {
    const VmUid uid = world_.AddVm(name);
    world_.Settle();
    EXPECT_TRUE(world_.IsEnrolled({"lab", name}));
    return uid;
  }
  GuestWorld world_;
};

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
  EXPECT_EQ(world_.recorder.Count(Reason::kConflict), 2u);  // one for each condition
  world_.ipa.directory().EraseHost(kWebName);
  EXPECT_TRUE(world_.PassUntil([&] { return world_.IsEnrolled(kWeb); }));
}

// Its client may hold a key that we never gave: uninstalling it would take that away.
TEST_F(IdentityStory, AGuestInConflictIsNeverAskedToLeave) {
  for (const bool renamed : {true, false}) {
    GuestWorld world;
    world.ipa.AddForeign(kWebName, {"somebody else's"});
    world.AddVm("web");
    world.Settle();
    ASSERT_EQ(world.PhaseOf(kWeb), Phase::kConflict);
    world.ChangeSpec(kWeb, [&](IdentitySpec& spec) {
      spec.enroll = renamed ? Wish::kYes : Wish::kNo;
      if (renamed) spec.fqdn = "web2.lab.example.test";
    });
    world.Pass(minutes(10));
    EXPECT_EQ(world.delivery.leaves(), 0u);
    EXPECT_TRUE(world.ipa.Find(kWebName).has_value());
    EXPECT_EQ(world.IsEnrolled(kWeb), renamed);
    EXPECT_TRUE(world.ipa.violations().empty());
  }
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

TEST_F(IdentityStory, EachBootIsVerifiedOnce) {
  const VmUid uid = Enrolled();
  const size_t before = world_.delivery.verifies();
  world_.Reboot(uid);
  world_.Pass(minutes(30));
  EXPECT_EQ(world_.delivery.verifies(), before + 1);
  EXPECT_TRUE(world_.IsEnrolled(kWeb));
  EXPECT_EQ(world_.Find(kWeb)->status.verified_run, "run-2");
}

TEST_F(IdentityStory, ARevertedSnapshotIsJoinedAnew) {
  const VmUid uid = Enrolled();
  world_.ChangeSpec(kWeb, [](IdentitySpec& spec) { ++spec.generation; });
  world_.Settle();
  ASSERT_EQ(world_.delivery.KeyOf(uid)->kvno, 2);
  world_.delivery.KeyOf(uid)->kvno = 1;
  world_.Reboot(uid);
  world_.Settle();
  EXPECT_TRUE(world_.IsEnrolled(kWeb));
  EXPECT_EQ(world_.delivery.KeyOf(uid)->kvno, 3);
  EXPECT_EQ(world_.recorder.Count(Reason::kStaleKey), 2u);  // the condition, the dropped key
}

TEST_F(IdentityStory, ASnapshotFromBeforeTheJoinIsJoinedAnew) {
  const VmUid uid = Enrolled();
  world_.delivery.KeyOf(uid).reset();
  world_.Reboot(uid);
  world_.Settle();
  EXPECT_TRUE(world_.IsEnrolled(kWeb));
  EXPECT_GE(world_.recorder.Count(Reason::kGuestKeyLost), 1u);
}

TEST_F(IdentityStory, ACloneIsJoinedUnderItsOwnNameAndItsSourceKeepsItsKey) {
  Enrolled();
  const VmUid clone = world_.AddVm("clone", Wish::kUnset);
  world_.delivery.KeyOf(clone) = FakeDelivery::Key{kWebName, 1};
  world_.Change(clone, [](VmRecord& vm) { vm.wish = Wish::kYes; });
  world_.Settle();
  EXPECT_TRUE(world_.IsEnrolled({"lab", "clone"}));
  EXPECT_TRUE(world_.IsEnrolled(kWeb));
  EXPECT_EQ(world_.recorder.Count(Reason::kForeignPrincipal), 1u);
}

TEST_F(IdentityStory, AProofThatSaysNothingTakesNothingAway) {
  const VmUid uid = Enrolled();
  world_.Change(uid, [](VmRecord& vm) { vm.agent = VmAgent::kUnresponsive; });
  world_.Reboot(uid);
  world_.Change(uid, [](VmRecord& vm) { vm.agent = VmAgent::kUnresponsive; });
  world_.Pass(hours(2));
  EXPECT_EQ(world_.PhaseOf(kWeb), Phase::kEnrolled);
  EXPECT_TRUE(world_.ipa.Find(kWebName)->has_keytab);
}

TEST_F(IdentityStory, AnSssdThatDoesNotAnswerShowsAndIsNotJoinedAnew) {
  const VmUid uid = world_.AddVm("web", Wish::kUnset);
  world_.delivery.BreakSssd(uid, true);
  world_.Change(uid, [](VmRecord& vm) { vm.wish = Wish::kYes; });
  world_.Pass(hours(1));
  EXPECT_EQ(world_.ReasonOf(kWeb), Reason::kSssdInactive);
  EXPECT_EQ(world_.delivery.joins(), 1u);
  world_.delivery.BreakSssd(uid, false);
  EXPECT_TRUE(world_.PassUntil([&] { return world_.IsEnrolled(kWeb); }));
  EXPECT_EQ(world_.delivery.joins(), 1u);
}

TEST_F(IdentityStory, ReEnrolmentReplacesTheKeyButOnlyWhenTheGuestCanTakeIt) {
  const VmUid uid = Enrolled();
  world_.Change(uid, [](VmRecord& vm) { vm.agent = VmAgent::kDisconnected; });
  world_.ChangeSpec(kWeb, [](IdentitySpec& spec) { ++spec.generation; });
  world_.Pass(minutes(10));
  EXPECT_TRUE(world_.ipa.Find(kWebName)->has_keytab);
  world_.Change(uid, [](VmRecord& vm) { vm.agent = VmAgent::kConnected; });
  world_.Settle();
  EXPECT_TRUE(world_.IsEnrolled(kWeb));
  EXPECT_EQ(world_.delivery.KeyOf(uid)->kvno, 2);
}

TEST_F(IdentityStory, OptOutUninstallsAndRemovesTheHost) {
  const VmUid uid = Enrolled();
  world_.ChangeSpec(kWeb, [](IdentitySpec& spec) { spec.enroll = Wish::kNo; });
  world_.Settle();
  EXPECT_FALSE(world_.ipa.Find(kWebName).has_value());
  EXPECT_FALSE(world_.delivery.KeyOf(uid).has_value());
  EXPECT_EQ(world_.PhaseOf(kWeb), Phase::kNotEnrolled);
  EXPECT_EQ(world_.ReasonOf(kWeb), Reason::kOptedOut);
  world_.ChangeSpec(kWeb, [](IdentitySpec& spec) { spec.enroll = Wish::kYes; });
  world_.Settle();
  EXPECT_TRUE(world_.IsEnrolled(kWeb));
}

TEST_F(IdentityStory, OptOutOfAGuestOutOfReachGoesOnWithoutIt) {
  const VmUid uid = Enrolled();
  world_.Change(uid, [](VmRecord& vm) { vm.node_connected = false; });
  world_.ChangeSpec(kWeb, [](IdentitySpec& spec) { spec.enroll = Wish::kNo; });
  world_.Pass(minutes(2));
  EXPECT_TRUE(world_.ipa.Find(kWebName).has_value()) << "the node may come back in a moment";
  world_.Pass(minutes(5));
  EXPECT_FALSE(world_.ipa.Find(kWebName).has_value());
}

TEST_F(IdentityStory, MetadataThatVanishesTakesNothingAway) {
  const VmUid uid = Enrolled();
  world_.Change(uid, [](VmRecord& vm) { vm.wish = Wish::kUnset; });
  world_.Pass(hours(2));
  EXPECT_TRUE(world_.IsEnrolled(kWeb));
  EXPECT_EQ(world_.ReasonOf(kWeb), Reason::kWishVanished);
  world_.Change(uid, [](VmRecord& vm) { vm.wish = Wish::kYes; });
  world_.Settle();
  EXPECT_EQ(world_.ReasonOf(kWeb), Reason::kEnrolled);
}

TEST_F(IdentityStory, AnExplicitNoInTheMetadataTakesItAway) {
  const VmUid uid = Enrolled();
  world_.Change(uid, [](VmRecord& vm) { vm.wish = Wish::kNo; });
  world_.Settle();
  EXPECT_FALSE(world_.ipa.Find(kWebName).has_value());
  EXPECT_EQ(world_.ReasonOf(kWeb), Reason::kOptedOut);
}

TEST_F(IdentityStory, AWitnessedUndefineRemovesHostAndRecordAfterTheGrace) {
  const VmUid uid = Enrolled();
  world_.Change(uid, [](VmRecord& vm) { vm.presence = VmPresence::kRemoved; });
  world_.Pass(minutes(4));
  EXPECT_TRUE(world_.ipa.Find(kWebName).has_value());
  world_.clock.Jump(absl::Hours(10));  // wall time is no grace
  world_.Settle();
  EXPECT_TRUE(world_.ipa.Find(kWebName).has_value());
  world_.Pass(minutes(2));
  EXPECT_FALSE(world_.ipa.Find(kWebName).has_value());
  EXPECT_FALSE(world_.Find(kWeb).has_value());
}

TEST_F(IdentityStory, AnUndefineWaitsForEveryNode) {
  const VmUid uid = Enrolled();
  world_.inventory.SetAllNodesConnected(false);
  world_.Change(uid, [](VmRecord& vm) { vm.presence = VmPresence::kRemoved; });
  world_.Pass(hours(1));
  EXPECT_TRUE(world_.ipa.Find(kWebName).has_value());
  world_.inventory.SetAllNodesConnected(true);
  world_.Pass(minutes(1));
  EXPECT_FALSE(world_.ipa.Find(kWebName).has_value());
}

TEST_F(IdentityStory, AVanishedDomainIsMissingAndKeepsItsIdentity) {
  const VmUid uid = Enrolled();
  world_.Change(uid, [](VmRecord& vm) { vm.presence = VmPresence::kMissing; });
  world_.Pass(hours(24), minutes(1));
  EXPECT_EQ(world_.PhaseOf(kWeb), Phase::kMissing);
  EXPECT_TRUE(world_.ipa.Find(kWebName)->has_keytab);
  world_.Change(uid, [](VmRecord& vm) { vm.presence = VmPresence::kPresent; });
  world_.Settle();
  EXPECT_TRUE(world_.IsEnrolled(kWeb));
}

TEST_F(IdentityStory, AnUnenrolRemovesAMissingGuestsHost) {
  const VmUid uid = Enrolled();
  world_.Change(uid, [](VmRecord& vm) { vm.presence = VmPresence::kMissing; });
  world_.Settle();
  world_.ChangeSpec(kWeb, [](IdentitySpec& spec) { spec.enroll = Wish::kNo; });
  world_.Settle();
  EXPECT_FALSE(world_.ipa.Find(kWebName).has_value());
}

TEST_F(IdentityStory, ADisputedPlacementGetsNoOrders) {
  const VmUid uid = Enrolled();
  const size_t orders = world_.delivery.verifies();
  world_.Change(uid, [](VmRecord& vm) {
    vm.disputed_by = {{"host2"}};
    vm.run_id = "another";
  });
  world_.Pass(hours(1));
  EXPECT_EQ(world_.delivery.verifies(), orders);
  EXPECT_EQ(world_.ReasonOf(kWeb), Reason::kPlacementDisputed);
  EXPECT_EQ(world_.PhaseOf(kWeb), Phase::kEnrolled);
}

TEST_F(IdentityStory, NothingIsRemovedBeforeTheInventoryIsSettled) {
  Enrolled();
  world_.inventory.SetSettled(false);
  world_.ChangeSpec(kWeb, [](IdentitySpec& spec) { spec.enroll = Wish::kNo; });
  world_.Pass(minutes(10));
  EXPECT_TRUE(world_.ipa.Find(kWebName).has_value());
  world_.inventory.SetSettled(true);
  world_.Pass(minutes(1));
  EXPECT_FALSE(world_.ipa.Find(kWebName).has_value());
}

TEST_F(IdentityStory, PauseStopsEverythingAndResumeGoesOn) {
  ASSERT_TRUE(world_.operation.Pause("me", GuestWorld::AnyCall()).ok());
  world_.AddVm("web");
  world_.Pass(minutes(10));
  EXPECT_EQ(world_.ipa.directory().host_count(), 0u);
  ASSERT_TRUE(world_.operation.Resume(GuestWorld::AnyCall()).ok());
  world_.Settle();
  EXPECT_TRUE(world_.IsEnrolled(kWeb));
}

TEST(IdentityBrake, HoldsRemovalsBeyondItsNumberUntilItIsReleased) {
  GuestWorld::Options options;
  options.removals_allowed = 3;
  GuestWorld world(options);
  for (int i = 0; i < 8; ++i) world.AddVm("vm" + std::to_string(i));
  world.Settle();
  for (int i = 0; i < 8; ++i)
    world.ChangeSpec({"lab", "vm" + std::to_string(i)},
                     [](IdentitySpec& spec) { spec.enroll = Wish::kNo; });
  world.Pass(minutes(30));
  EXPECT_EQ(world.ipa.directory().host_count(), 5u);
  EXPECT_GE(world.recorder.Count(Reason::kRemovalHeld), 1u);
  ASSERT_TRUE(world.operation.ReleaseBrake(GuestWorld::AnyCall()).ok());
  world.Settle();
  EXPECT_EQ(world.ipa.directory().host_count(), 2u);
}

TEST_F(IdentityStory, AnExplicitOtherNameMovesTheIdentity) {
  Enrolled();
  world_.ChangeSpec(kWeb, [](IdentitySpec& spec) { spec.fqdn = "www.example.test"; });
  world_.Settle();
  EXPECT_FALSE(world_.ipa.Find(kWebName).has_value());
  EXPECT_TRUE(world_.IsEnrolled(kWeb));
  EXPECT_EQ(world_.Find(kWeb)->status.fqdn.text, "www.example.test");
}

TEST_F(IdentityStory, ARenamedDomainKeepsItsName) {
  const VmUid uid = Enrolled();
  world_.Change(uid, [](VmRecord& vm) { vm.key.name = "renamed"; });
  world_.Pass(minutes(10));
  EXPECT_TRUE(world_.IsEnrolled(kWeb));
  EXPECT_EQ(world_.Find(kWeb)->status.fqdn, kWebName);
}

TEST_F(IdentityStory, ARestoredVmAdoptsItsHost) {
  const VmUid old = Enrolled();
  world_.Change(old, [](VmRecord& vm) { vm.presence = VmPresence::kRemoved; });
  world_.Settle();
  const VmUid restored = world_.AddVm("web", Wish::kUnset);
  world_.delivery.KeyOf(restored) = world_.delivery.KeyOf(old);
  world_.Change(restored, [](VmRecord& vm) { vm.wish = Wish::kYes; });
  world_.Pass(hours(1));
  EXPECT_TRUE(world_.IsEnrolled(kWeb));
  EXPECT_EQ(world_.Find(kWeb)->uid, restored);
  EXPECT_EQ(world_.ipa.KeyNumber(kWebName), 1) << "the key was kept";
  EXPECT_EQ(world_.ipa.Find(kWebName)->Owner()->uid, restored);
}

TEST_F(IdentityStory, ASecondVmOfThatNameDoesNotAdoptWhileTheFirstLives) {
  Enrolled();
  world_.AddVm("web");
  world_.Pass(hours(1));
  EXPECT_TRUE(world_.IsEnrolled(kWeb));
  EXPECT_EQ(world_.recorder.Count(Reason::kNameTaken), 1u);
}

TEST_F(IdentityStory, AHostThatSomebodyDeletedIsMadeAnew) {
  Enrolled();
  world_.ipa.directory().EraseHost(kWebName);
  ASSERT_TRUE(world_.controller().Sweep(GuestWorld::AnyCall()).ok());
  world_.Settle();
  EXPECT_TRUE(world_.IsEnrolled(kWeb));
  EXPECT_GE(world_.recorder.Count(Reason::kHostVanished), 1u);
}

TEST_F(IdentityStory, AKeyThatSomebodyDroppedIsMadeAnew) {
  Enrolled();
  world_.ipa.DropKey(kWebName);
  ASSERT_TRUE(world_.controller().Sweep(GuestWorld::AnyCall()).ok());
  world_.Settle();
  EXPECT_TRUE(world_.IsEnrolled(kWeb));
  EXPECT_GE(world_.recorder.Count(Reason::kKeytabMissing), 1u);
}

TEST_F(IdentityStory, ADeadFreeIpaShowsAndIsWaitedFor) {
  world_.ipa.directory().FailAll(absl::UnavailableError("down"));
  world_.AddVm("web");
  world_.Pass(minutes(10));
  EXPECT_EQ(world_.ReasonOf(kWeb), Reason::kIpaUnavailable);
  EXPECT_EQ(world_.PhaseOf(kWeb), Phase::kWaiting);
  world_.ipa.directory().FailAll(absl::OkStatus());
  EXPECT_TRUE(world_.PassUntil([&] { return world_.IsEnrolled(kWeb); }, minutes(5)));
}

TEST_F(IdentityStory, AMissingRightShows) {
  world_.ipa.directory().FailAll(absl::PermissionDeniedError("Insufficient access"));
  world_.AddVm("web");
  world_.Settle();
  EXPECT_EQ(world_.ReasonOf(kWeb), Reason::kIpaDenied);
  world_.ipa.directory().FailAll(absl::OkStatus());
  EXPECT_TRUE(world_.PassUntil([&] { return world_.IsEnrolled(kWeb); }, minutes(15)));
}

TEST_F(IdentityStory, ALostAnswerToHostAddIsFoundOut) {
  world_.ipa.directory().LoseNextAnswer();
  world_.AddVm("web");
  world_.Settle();
  EXPECT_FALSE(world_.IsEnrolled(kWeb));
  EXPECT_TRUE(world_.PassUntil([&] { return world_.IsEnrolled(kWeb); }, minutes(5)));
}

TEST_F(IdentityStory, AWriteThatLandsLateHarmsNothing) {
  world_.ipa.directory().DelayNextWrite();
  world_.AddVm("web");
  world_.Settle();
  world_.ipa.directory().DeliverLateWrites();
  EXPECT_TRUE(world_.PassUntil([&] { return world_.IsEnrolled(kWeb); }, minutes(30)));
  EXPECT_FALSE(world_.HasLivePassword(kWeb));
}

TEST_F(IdentityStory, AMissingHostGroupShowsAndDoesNotBlock) {
  PolicyRule rule;
  rule.host_groups = {"web"};
  GuestWorld::Options options;
  options.policy = {rule};
  GuestWorld world(options);
  world.AddVm("web", Wish::kUnset);
  Guest guest;
  guest.key = kWeb;
  guest.uid = world.inventory.List().front().uid;
  guest.spec.enroll = Wish::kYes;
  guest.spec.host_groups = {"web"};
  ASSERT_TRUE(world.store.Create(guest, GuestWorld::AnyCall()).ok());
  world.Settle();
  EXPECT_TRUE(world.IsEnrolled(kWeb));
  EXPECT_EQ(world.ReasonOf(kWeb), Reason::kGroupMissing);
  world.ipa.directory().PutHostGroup("web");
  EXPECT_TRUE(world.PassUntil([&] { return world.ReasonOf(kWeb) == Reason::kEnrolled; }));
  EXPECT_EQ(world.ipa.Find(kWebName)->host_groups, std::vector<std::string>{"web"});
}

TEST(IdentityQuota, AllowsSoManyAndNoMore) {
  PolicyRule rule;
  rule.quota = 2;
  GuestWorld::Options options;
  options.policy = {rule};
  GuestWorld world(options);
  for (int i = 0; i < 4; ++i) world.AddVm("vm" + std::to_string(i));
  world.Settle();
  EXPECT_EQ(world.ipa.directory().host_count(), 2u);
  EXPECT_EQ(world.ReasonOf({"lab", "vm3"}), Reason::kQuotaExceeded);
  world.ChangeSpec({"lab", "vm0"}, [](IdentitySpec& spec) { spec.enroll = Wish::kNo; });
  EXPECT_TRUE(world.PassUntil([&] {
    return world.IsEnrolled({"lab", "vm2"}) || world.IsEnrolled({"lab", "vm3"});
  }));
}

TEST_F(IdentityStory, ALostDatabaseIsRebuiltFromTags) {
  const VmUid uid = Enrolled();
  Enrolled("db");
  const absl::StatusOr<Guest> web = world_.store.Get(kWeb, GuestWorld::AnyCall());
  ASSERT_TRUE(world_.store.Delete(kWeb, web->version, GuestWorld::AnyCall()).ok());
  world_.Change(uid, [](VmRecord& vm) { vm.wish = Wish::kUnset; });
  world_.Restart();
  world_.Settle();
  EXPECT_FALSE(world_.Find(kWeb).has_value());
  const auto left = world_.controller().audit().Adopt(GuestWorld::AnyCall());
  ASSERT_TRUE(left.ok());
  EXPECT_TRUE(left->findings.empty());
  world_.Settle();
  EXPECT_TRUE(world_.IsEnrolled(kWeb));
  EXPECT_EQ(world_.delivery.KeyOf(uid)->kvno, 1) << "proven, not joined anew";
}

TEST_F(IdentityStory, WithoutLeadershipNothingIsWritten) {
  world_.leadership.leads = false;
  world_.AddVm("web");
  world_.Pass(minutes(5));
  EXPECT_EQ(world_.ipa.directory().host_count(), 0u);
  world_.leadership.leads = true;
  EXPECT_TRUE(world_.PassUntil([&] { return world_.IsEnrolled(kWeb); }, minutes(5)));
}

}  // namespace
}  // namespace innkeeper
