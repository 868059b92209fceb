// Keeping an identity: proofs, repairs, renewals, changes of hands and of wishes.
#include "coordinator/guests/testing/identity_story.h"

namespace innkeeper {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

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

}  // namespace
}  // namespace innkeeper
