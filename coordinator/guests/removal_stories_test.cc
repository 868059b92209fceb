// Losing an identity: opt-out, undefine, missing guests, brake.
#include "coordinator/guests/testing/identity_story.h"

namespace innkeeper {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

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

// As `kubectl delete guest` does. To opt out one must say so.
TEST_F(IdentityStory, ARecordThatAPersonDeletesTakesTheIdentityAwayAndIsMadeAnewWhileItsVmWishes) {
  const VmUid uid = Enrolled();
  const Guest guest = *world_.Find(kWeb);
  const absl::Status marked = world_.store.MarkDeleting(guest, Call::Within(minutes(1))).status();
  ASSERT_TRUE(marked.ok()) << marked;
  world_.Pass(minutes(10));
  EXPECT_TRUE(world_.IsEnrolled(kWeb));
  EXPECT_GT(world_.Find(kWeb)->version, guest.version) << "another record";
  EXPECT_EQ(world_.ipa.KeyNumber(kWebName), 2) << "with another key";
  EXPECT_EQ(world_.delivery.joins(), 2u);
  EXPECT_EQ(world_.Find(kWeb)->uid, uid);
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

}  // namespace
}  // namespace innkeeper
