#include "coordinator/guests/joiner_judgement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "coordinator/guests/guest_report.h"

namespace innkeeper {
namespace {

using testing::HasSubstr;

// A host of the joiner's, its VM, and the conflict that ours is in with it.
JoinerHostSeen Adoptable() {
  JoinerHostSeen seen;
  seen.cluster = {"c1"};
  seen.now = absl::FromUnixSeconds(1000);
  seen.host.fqdn = {"web.shop.example.test"};
  seen.host.description = kJoinerDescription + std::string("2026-01-02 03:04:05 | K8s UID: canary");
  seen.host.has_keytab = true;
  VmRecord vm;
  vm.uid = {"uid-1"};
  vm.key = {"shop", "web"};
  vm.wish = Wish::kYes;
  vm.joiner_finalizer = true;
  seen.vms = {vm};
  Guest guest;
  guest.key = vm.key;
  guest.uid = vm.uid;
  guest.status.fqdn = seen.host.fqdn;
  SetPhase(guest.status, Phase::kConflict, seen.now);
  seen.guest = guest;
  return seen;
}

TEST(JudgeJoinerHost, AdoptsTheHostOfAVmThatTheJoinerMarked) {
  JoinerHostSeen seen = Adoptable();
  EXPECT_TRUE(JudgeJoinerHost(seen).adopt) << JudgeJoinerHost(seen).why;
  seen.guest.reset();
  EXPECT_TRUE(JudgeJoinerHost(seen).adopt);
  seen.vms.front().wish = Wish::kUnset;
  EXPECT_TRUE(JudgeJoinerHost(seen).adopt) << "the label may be gone by now";
  seen.vms.front().joiner_finalizer = false;
  seen.vms.front().joiner_marked = true;
  EXPECT_TRUE(JudgeJoinerHost(seen).adopt);
  seen.vms.front().joiner_marked = false;
  EXPECT_FALSE(JudgeJoinerHost(seen).adopt);
  seen.vm_named = true;
  EXPECT_TRUE(JudgeJoinerHost(seen).adopt);
}

TEST(JudgeJoinerHost, LeavesEveryHostOfWhichThereIsDoubtAndSaysWhy) {
  const struct {
    const char* why;
    std::function<void(JoinerHostSeen&)> doubt;
  } cases[] = {
      {"our tag already", [](auto& s) { s.host.user_classes = {"innkeeper:c1:shop/web:uid-1"}; }},
      {"cluster c2", [](auto& s) { s.host.user_classes = {"innkeeper:c2:shop/web:uid-1"}; }},
      {"cannot be read", [](auto& s) { s.host.user_classes = {"Innkeeper:c1:odd"}; }},
      {"no VM of that name", [](auto& s) { s.vms.clear(); }},
      {"several VMs", [](auto& s) { s.vms.push_back(s.vms.front()); }},
      {"being deleted", [](auto& s) { s.vms.front().deleting = true; }},
      {"neither the finalizer", [](auto& s) { s.vms.front().joiner_finalizer = false; }},
      {"another VM's", [](auto& s) { s.guest->uid = {"uid-2"}; }},
      {"being removed", [](auto& s) { s.guest->deleting = true; }},
      {"being removed", [](auto& s) { s.guest->status.leaving_since = s.now; }},
      {"attempt runs", [](auto& s) { s.guest->status.attempt.emplace().server = "ipa"; }},
      {"under way", [](auto& s) { s.guest->status.unsure_until = s.now + absl::Seconds(9); }},
      {"registered already",
       [](auto& s) {
         SetCondition(s.guest->status, ConditionType::kHostRegistered, Truth::kTrue,
                      Reason::kHostRegistered, "", s.now);
       }},
      {"declines", [](auto& s) { s.vms.front().wish = Wish::kNo; }},
      {"declines", [](auto& s) { s.guest->spec.enroll = Wish::kNo; }},
      {"wishes the name other", [](auto& s) { s.guest->spec.fqdn = "other.example.test"; }},
      {"policy says no",
       [](auto& s) {
         s.policy.refusal = {Reason::kNameRefused, "policy says no"};
       }},
  };
  for (const auto& c : cases) {
    JoinerHostSeen seen = Adoptable();
    c.doubt(seen);
    const JoinerVerdict verdict = JudgeJoinerHost(seen);
    EXPECT_FALSE(verdict.adopt) << c.why;
    EXPECT_THAT(verdict.why, HasSubstr(c.why));
    EXPECT_THAT(verdict.why, testing::Not(HasSubstr("canary")));
  }
}

TEST(AdoptedStatus, CountsAsEnrolledOnlyWhereFreeIpaHoldsAKey) {
  JoinerHostSeen seen = Adoptable();
  GuestStatus before = seen.guest->status;
  before.password_generation = 4;
  before.failures = 3;
  before.setback.emplace();
  GuestStatus after = AdoptedStatus(before, seen.host, 2, seen.now);
  EXPECT_EQ(after.enrolled_generation, 2);
  EXPECT_EQ(after.password_generation, 4);
  EXPECT_EQ(after.phase, Phase::kRegistered);
  EXPECT_FALSE(after.setback.has_value());
  EXPECT_EQ(after.conditions.at(ConditionType::kEnrolled).truth, Truth::kUnknown);
  seen.host.has_keytab = false;
  seen.host.has_password = true;
  after = AdoptedStatus(before, seen.host, 2, seen.now);
  EXPECT_EQ(after.enrolled_generation, -1);
  EXPECT_EQ(after.password_generation, 5) << "stored before FreeIPA is asked for one";
}

}  // namespace
}  // namespace innkeeper
