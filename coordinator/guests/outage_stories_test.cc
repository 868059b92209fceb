// Bad days of FreeIPA and of the operation.
#include "coordinator/guests/testing/identity_story.h"

namespace innkeeper {
namespace {

using std::chrono::minutes;

TEST_F(IdentityStory, PauseStopsEverythingAndResumeGoesOn) {
  ASSERT_TRUE(world_.operation.Pause("me", GuestWorld::AnyCall()).ok());
  world_.AddVm("web");
  world_.Pass(minutes(10));
  EXPECT_EQ(world_.ipa.directory().host_count(), 0u);
  ASSERT_TRUE(world_.operation.Resume(GuestWorld::AnyCall()).ok());
  world_.Settle();
  EXPECT_TRUE(world_.IsEnrolled(kWeb));
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

TEST_F(IdentityStory, AJoinThatOutlivesCoordinatorAndAgentIsFoundByItsProgramAndNotRepeated) {
  const VmUid uid = world_.AddVm("web");
  world_.delivery.BeginNextJoin(uid, 4711);
  world_.Settle();
  ASSERT_TRUE(world_.Find(kWeb)->status.attempt.has_value());
  EXPECT_EQ(world_.Find(kWeb)->status.attempt->guest_pid, 4711);
  world_.delivery.LoseOrders(uid);
  world_.Restart();
  world_.Settle();
  EXPECT_TRUE(world_.IsEnrolled(kWeb));
  EXPECT_EQ(world_.delivery.delivered_passwords().size(), 1u);
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
