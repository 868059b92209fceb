#include "coordinator/guests/joiner_adoption.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/guests/testing/guest_world.h"

namespace innkeeper {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kOtp[] = "0f0f0f0f-canary";
const GuestKey kWeb{"lab", "web"};
const Fqdn kWebName{"web.lab.example.test"};

class JoinerAdoptionTest : public testing::Test {
 protected:
  JoinerAdoptionTest() { world_.ipa.directory().GrantClaims(true); }

  // As the joiner made it.
  void PutHost(const Fqdn& fqdn, bool keytab) {
    HostRecord host;
    host.fqdn = fqdn;
    host.description = kJoinerDescription + std::string("2026-01-02 | K8s UID: ") + kOtp;
    host.has_keytab = keytab;
    host.has_password = !keytab;
    world_.ipa.directory().PutHost(std::move(host));
  }
  VmUid AddVm(const std::string& name) {
    const VmUid uid = world_.AddVm(name);
    world_.Change(uid, [](VmRecord& vm) { vm.joiner_finalizer = true; });
    return uid;
  }
  JoinerAdoption& adoption() { return world_.controller().joiner_adoption(); }
  std::vector<JoinerRow> Plan(const JoinerWish& wish = {}) {
    absl::StatusOr<JoinerReport> report = adoption().Plan(wish, GuestWorld::AnyCall());
    EXPECT_TRUE(report.ok()) << ToText(report.status());
    return report.ok() ? report->rows : std::vector<JoinerRow>{};
  }
  std::vector<JoinerRow> Apply(const JoinerWish& wish = {}) {
    absl::StatusOr<JoinerReport> report = adoption().Apply(wish, GuestWorld::AnyCall());
    EXPECT_TRUE(report.ok()) << ToText(report.status());
    return report.ok() ? report->rows : std::vector<JoinerRow>{};
  }
  HostRecord Host(const Fqdn& fqdn) { return world_.ipa.Find(fqdn).value(); }

  GuestWorld world_;
};

TEST_F(JoinerAdoptionTest, ADryRunChangesNothing) {
  PutHost(kWebName, true);
  AddVm("web");
  world_.Settle();
  EXPECT_EQ(world_.PhaseOf(kWeb), Phase::kConflict);
  const std::optional<Guest> before = world_.Find(kWeb);
  const std::vector<JoinerRow> rows = Plan();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].fqdn, kWebName);
  EXPECT_EQ(rows[0].vm, kWeb);
  EXPECT_EQ(rows[0].state, "enrolled");
  EXPECT_EQ(rows[0].action, JoinerAction::kAdopt);
  EXPECT_EQ(world_.Find(kWeb)->version, before->version);
  EXPECT_THAT(Host(kWebName).description, HasSubstr(kOtp));
}

TEST_F(JoinerAdoptionTest, AnEnrolledHostBecomesItsGuestsAndKeepsItsKey) {
  const VmUid uid = AddVm("web");
  PutHost(kWebName, true);
  world_.Settle();
  ASSERT_EQ(world_.PhaseOf(kWeb), Phase::kConflict);
  const std::vector<JoinerRow> rows = Apply();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].action, JoinerAction::kAdopted) << rows[0].detail;
  const HostRecord host = Host(kWebName);
  EXPECT_EQ(host.Owner(), (OwnerTag{{"c1"}, kWeb, uid, std::nullopt}));
  EXPECT_EQ(host.description, "Innkeeper guest lab/web");
  EXPECT_TRUE(host.has_keytab);
  EXPECT_EQ(world_.ReasonOf(kWeb, ConditionType::kHostRegistered), Reason::kAdopted);
  EXPECT_EQ(world_.Find(kWeb)->status.enrolled_generation, 0);
  EXPECT_FALSE(world_.Find(kWeb)->status.unsure_until.has_value());
  EXPECT_EQ(world_.ipa.directory().passwords_issued(), 0u);
  EXPECT_TRUE(Plan().empty()) << "nothing is left to do";
}

TEST_F(JoinerAdoptionTest, AKeyThatTheGuestReallyHasIsProvenAndNotReplaced) {
  const VmUid uid = AddVm("web");
  PutHost(kWebName, false);
  // It joined by the joiner's password.
  HostRecord host = Host(kWebName);
  host.user_classes = {"innkeeper:c1:lab/web:x"};
  world_.ipa.directory().PutHost(host);
  const auto issued = world_.ipa.IssuePassword(kWebName, GuestWorld::AnyCall());
  ASSERT_TRUE(issued.ok());
  const absl::StatusOr<int64_t> kvno = world_.ipa.Join(kWebName, issued->password);
  ASSERT_TRUE(kvno.ok());
  world_.delivery.KeyOf(uid) = FakeDelivery::Key{kWebName, *kvno};
  PutHost(kWebName, true);
  world_.Settle();
  Apply();
  world_.Settle();
  EXPECT_TRUE(world_.IsEnrolled(kWeb)) << TextOf(world_.ReasonOf(kWeb)).code;
  EXPECT_EQ(world_.ipa.KeyNumber(kWebName), *kvno);
}

TEST_F(JoinerAdoptionTest, APasswordThatTheDescriptionShowedIsWithdrawnAndTheGuestEnrolledAnew) {
  AddVm("web");
  PutHost(kWebName, false);
  world_.Settle();
  const size_t issued = world_.ipa.directory().passwords_issued();
  const std::vector<JoinerRow> rows = Apply();
  ASSERT_EQ(rows[0].action, JoinerAction::kAdopted) << rows[0].detail;
  EXPECT_EQ(world_.ipa.directory().passwords_issued(), issued + 1);
  EXPECT_THAT(Host(kWebName).description, Not(HasSubstr(kOtp)));
  EXPECT_TRUE(world_.PassUntil([&] { return world_.IsEnrolled(kWeb); }));
  EXPECT_TRUE(world_.ipa.violations().empty());
}

TEST_F(JoinerAdoptionTest, HostsThatAreNotToBeAdoptedStayAsTheyAre) {
  const Fqdn lost{"lost.lab.example.test"}, plain{"plain.lab.example.test"};
  PutHost(lost, true);
  PutHost(kWebName, true);
  world_.AddVm("web");  // without any mark of the joiner's
  HostRecord somebodys;
  somebodys.fqdn = plain;
  world_.ipa.directory().PutHost(somebodys);
  AddVm("plain");  // a finalizer set by hand, by the name of somebody's host
  world_.Settle();
  const HostRecord before = Host(plain);
  const std::vector<JoinerRow> rows = Apply();
  ASSERT_EQ(rows.size(), 3u);
  for (const JoinerRow& row : rows) EXPECT_EQ(row.action, JoinerAction::kLeave) << row.fqdn.text;
  EXPECT_EQ(rows[1].state, "none") << rows[1].fqdn.text;
  EXPECT_FALSE(Host(lost).Owner().has_value());
  EXPECT_FALSE(Host(kWebName).Owner().has_value());
  EXPECT_EQ(Host(plain).user_classes, before.user_classes);
  EXPECT_EQ(Apply({.domain = "", .space = "", .vm = kWeb})[0].action, JoinerAction::kAdopted)
      << "unless it is named";
}

TEST_F(JoinerAdoptionTest, WithoutTheGrantNothingIsChangedAndThePersonIsToldWhatToRun) {
  world_.ipa.directory().GrantClaims(false);
  AddVm("web");
  PutHost(kWebName, true);
  world_.Settle();
  const absl::Status denied = adoption().Apply({}, GuestWorld::AnyCall()).status();
  EXPECT_TRUE(absl::IsPermissionDenied(denied));
  EXPECT_THAT(std::string(denied.message()), HasSubstr("ipa grant virt-ipa-joiner"));
  EXPECT_EQ(world_.PhaseOf(kWeb), Phase::kConflict);
  EXPECT_EQ(world_.Find(kWeb)->status.enrolled_generation, -1);
  EXPECT_FALSE(world_.Find(kWeb)->status.unsure_until.has_value());
}

TEST_F(JoinerAdoptionTest, ALostAnswerKeepsTheGuestStillUntilItIsSure) {
  AddVm("web");
  PutHost(kWebName, true);
  world_.Settle();
  world_.ipa.directory().LoseNextAnswer();
  EXPECT_EQ(Apply()[0].action, JoinerAction::kFail);
  world_.Settle();
  EXPECT_TRUE(world_.Find(kWeb)->status.unsure_until.has_value());
  world_.Pass(std::chrono::minutes(5));
  EXPECT_TRUE(Host(kWebName).Owner().has_value());
  EXPECT_TRUE(world_.PassUntil([&] { return world_.IsEnrolled(kWeb); }));
  EXPECT_TRUE(world_.ipa.violations().empty());
}

TEST_F(JoinerAdoptionTest, NothingIsAdoptedWhilePausedUnsettledOrByAStandby) {
  AddVm("web");
  PutHost(kWebName, true);
  world_.Settle();
  const Call call = GuestWorld::AnyCall();
  ASSERT_TRUE(world_.operation.Pause("anna", call).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(adoption().Apply({}, call).status()));
  ASSERT_TRUE(world_.operation.Resume(call).ok());
  world_.inventory.SetSettled(false);
  EXPECT_TRUE(absl::IsUnavailable(adoption().Apply({}, call).status()));
  EXPECT_TRUE(absl::IsUnavailable(adoption().Plan({}, call).status()));
  world_.inventory.SetSettled(true);
  world_.leadership.leads = false;
  EXPECT_TRUE(absl::IsUnavailable(adoption().Apply({}, call).status()));
  EXPECT_FALSE(Host(kWebName).Owner().has_value());
}

TEST_F(JoinerAdoptionTest, AnotherDomainOfTheJoinersIsSaidByName) {
  AddVm("web");
  PutHost({"web.lab.vms.example.test"}, true);
  world_.Settle();
  EXPECT_EQ(Plan()[0].vm.name, "") << "no VM has that name";
  EXPECT_EQ(Plan({.domain = "vms.example.test", .space = "", .vm = std::nullopt})[0].vm, kWeb);
}

}  // namespace
}  // namespace innkeeper
