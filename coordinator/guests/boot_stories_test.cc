// VMs whose own boot joins them: the password lies on a disk that each start of the VM reads.
#include "coordinator/guests/testing/identity_story.h"

namespace innkeeper {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class BootStory : public IdentityStory {
 protected:
  void TearDown() override {
    IdentityStory::TearDown();
    EXPECT_FALSE(world_.HasLivePassword(kWeb));
    const std::optional<Guest> guest = world_.Find(kWeb);
    EXPECT_TRUE(!guest || guest->status.attempt || !world_.delivery.IsDiskLoaded(guest->uid))
        << "no attempt is open, and a password is on the disk";
  }
  bool IsEnrolledSoon() {
    return world_.PassUntil([&] { return world_.IsEnrolled(kWeb); });
  }
};

TEST_F(BootStory, ThePasswordIsOnTheDiskBeforeTheVmStarts) {
  const VmUid uid = world_.AddBootVm("web");
  world_.Settle();
  EXPECT_EQ(world_.PhaseOf(kWeb), Phase::kRegistered);
  EXPECT_EQ(world_.ReasonOf(kWeb), Reason::kWaitingForGuest);
  EXPECT_TRUE(world_.delivery.IsDiskLoaded(uid));
  EXPECT_TRUE(world_.ipa.Find(kWebName)->has_password);
  world_.Start(uid);
  world_.Settle();
  EXPECT_TRUE(world_.IsEnrolled(kWeb));
  EXPECT_EQ(world_.delivery.joins(), 1u);
  EXPECT_EQ(world_.delivery.verifies(), 1u) << "proven from inside, not only told";
  EXPECT_FALSE(world_.delivery.IsDiskLoaded(uid));
}

TEST_F(BootStory, TheClockOfAnEnrolmentStartsWithTheRun) {
  const VmUid uid = world_.AddBootVm("web");
  world_.Pass(hours(5), minutes(5));
  world_.Start(uid);
  EXPECT_TRUE(IsEnrolledSoon());
  EXPECT_LT(*world_.Find(kWeb)->status.enroll_took, absl::Minutes(1));
}

TEST_F(BootStory, AnAgentIsAskedAgainUntilTheBootHasJoined) {
  const VmUid uid = world_.AddBootVm("web");
  world_.Settle();
  world_.delivery.SlowDownBoot(uid, true);
  world_.Start(uid);
  world_.Pass(minutes(5));
  EXPECT_EQ(world_.PhaseOf(kWeb), Phase::kJoining);
  EXPECT_TRUE(world_.Find(kWeb)->status.attempt.has_value()) << "not begun is not failed";
  world_.delivery.SlowDownBoot(uid, false);
  EXPECT_TRUE(IsEnrolledSoon());
  EXPECT_EQ(world_.ipa.KeyNumber(kWebName), 1);
}

TEST_F(BootStory, WithoutAnAgentFreeIpaTellsThatTheKeyIsThere) {
  const VmUid uid = world_.AddBootVm("web");
  world_.Settle();
  world_.Start(uid, VmAgent::kNone);
  world_.Pass(minutes(3));
  EXPECT_TRUE(world_.IsEnrolled(kWeb));
  EXPECT_EQ(world_.ReasonOf(kWeb), Reason::kKeyUnproven);
  EXPECT_FALSE(world_.delivery.IsDiskLoaded(uid));
  world_.Change(uid, [](VmRecord& vm) { vm.agent = VmAgent::kConnected; });
  EXPECT_TRUE(world_.PassUntil([&] { return world_.ReasonOf(kWeb) == Reason::kEnrolled; }));
}

TEST_F(BootStory, AVmThatStartedBeforeFreeIpaAnsweredIsJoinedByItsAgent) {
  world_.ipa.directory().FailAll(absl::UnavailableError("down"));
  const VmUid uid = world_.AddBootVm("web");
  world_.Settle();
  EXPECT_FALSE(world_.delivery.IsDiskLoaded(uid));
  world_.Start(uid);
  world_.Pass(minutes(10));
  world_.ipa.directory().FailAll(absl::OkStatus());
  EXPECT_TRUE(IsEnrolledSoon());
  EXPECT_EQ(world_.delivery.joins(), 1u);
}

TEST_F(BootStory, WithoutAnAgentItIsJoinedByItsNextBoot) {
  world_.ipa.directory().FailAll(absl::UnavailableError("down"));
  const VmUid uid = world_.AddBootVm("web");
  world_.Start(uid, VmAgent::kNone);
  world_.ipa.directory().FailAll(absl::OkStatus());
  world_.Pass(minutes(10));
  EXPECT_EQ(world_.ReasonOf(kWeb), Reason::kWaitingForGuest);
  EXPECT_FALSE(world_.ipa.Find(kWebName)->has_password) << "nobody could use it";
  world_.PowerOff(uid);
  world_.Settle();
  EXPECT_TRUE(world_.delivery.IsDiskLoaded(uid));
  world_.Start(uid, VmAgent::kNone);
  EXPECT_TRUE(IsEnrolledSoon());
}

TEST_F(BootStory, ARunningGuestsPasswordIsNotReplacedBeforeItsDeadline) {
  const VmUid uid = world_.AddBootVm("web");
  world_.Settle();
  world_.delivery.SlowDownBoot(uid, true);
  world_.Pass(hours(1), minutes(5));
  world_.Start(uid, VmAgent::kDisconnected);
  const int64_t generation = world_.Find(kWeb)->status.password_generation;
  world_.Pass(minutes(19));
  EXPECT_EQ(world_.Find(kWeb)->status.password_generation, generation);
  world_.Pass(minutes(2));
  EXPECT_EQ(world_.recorder.Count(Reason::kJoinTimeout), 1u);
  EXPECT_FALSE(world_.Find(kWeb)->status.attempt.has_value());
  EXPECT_FALSE(world_.delivery.IsDiskLoaded(uid)) << "withdrawn, and off the disk";
}

TEST_F(BootStory, WhatADomainThatIsBeingMadeReadsIsNotReplaced) {
  const VmUid uid = world_.AddBootVm("web");
  world_.Settle();
  const int64_t generation = world_.Find(kWeb)->status.password_generation;
  world_.Change(uid, [](VmRecord& vm) { vm.run = VmRun::kStarting; });
  world_.Pass(hours(24 * 8), hours(1));
  EXPECT_EQ(world_.Find(kWeb)->status.password_generation, generation);
  world_.Start(uid);
  EXPECT_TRUE(IsEnrolledSoon());
}

TEST_F(BootStory, APasswordThatWaitsTooLongIsReplaced) {
  const VmUid uid = world_.AddBootVm("web");
  world_.Settle();
  const int64_t generation = world_.Find(kWeb)->status.password_generation;
  world_.Pass(hours(24 * 6), hours(1));
  EXPECT_EQ(world_.Find(kWeb)->status.password_generation, generation);
  world_.Pass(hours(24 * 2), hours(1));
  EXPECT_GT(world_.Find(kWeb)->status.password_generation, generation);
  EXPECT_TRUE(world_.delivery.IsDiskLoaded(uid)) << "with a fresh one";
  world_.Start(uid);
  EXPECT_TRUE(IsEnrolledSoon());
}

TEST_F(BootStory, ADiskThatCannotBeWrittenIsToldAsThatAndWrittenLater) {
  const VmUid uid = world_.AddBootVm("web");
  for (const absl::Status& why :
       {absl::FailedPreconditionError("a foreign Secret"), absl::UnavailableError("no API server"),
        absl::PermissionDeniedError("a policy")}) {
    world_.delivery.RefuseDisks(why);
    world_.Pass(hours(2), minutes(5));
    EXPECT_EQ(world_.ReasonOf(kWeb), Reason::kDiskNotWritten) << why;
    EXPECT_FALSE(world_.delivery.IsDiskLoaded(uid));
  }
  world_.delivery.RefuseDisks(absl::OkStatus());
  world_.Pass(hours(2), minutes(5));
  EXPECT_TRUE(world_.delivery.IsDiskLoaded(uid));
  world_.Start(uid);
  EXPECT_TRUE(IsEnrolledSoon());
}

TEST_F(BootStory, AnOptOutTakesThePasswordOffTheDisk) {
  const VmUid uid = world_.AddBootVm("web");
  world_.Settle();
  world_.Change(uid, [](VmRecord& vm) { vm.wish = Wish::kNo; });
  world_.Pass(minutes(10));
  EXPECT_FALSE(world_.delivery.IsDiskLoaded(uid));
  EXPECT_FALSE(world_.ipa.Find(kWebName).has_value());
}

TEST_F(BootStory, AFailedBootIsRetriedByTheAgentWithANewPassword) {
  const VmUid uid = world_.AddBootVm("web");
  world_.delivery.FailNextJoin(uid, JobResult::kDns);
  world_.Settle();
  world_.Start(uid);
  world_.Settle();
  EXPECT_EQ(world_.ReasonOf(kWeb), Reason::kGuestDns);
  EXPECT_FALSE(world_.delivery.IsDiskLoaded(uid));
  EXPECT_TRUE(IsEnrolledSoon());
}

TEST_F(BootStory, ARestoredDiskWithItsKeyIsProvenNotJoinedAnew) {
  const VmUid uid = world_.AddBootVm("web");
  world_.Settle();
  world_.Start(uid);
  ASSERT_TRUE(IsEnrolledSoon());
  world_.PowerOff(uid);
  world_.Pass(minutes(5));
  EXPECT_FALSE(world_.delivery.IsDiskLoaded(uid)) << "an enrolled guest needs no password";
  world_.Start(uid);
  EXPECT_TRUE(IsEnrolledSoon());
  EXPECT_EQ(world_.delivery.joins(), 1u);
}

}  // namespace
}  // namespace innkeeper
