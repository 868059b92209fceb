#include "coordinator/guests/identity_plan.h"

#include <gtest/gtest.h>

#include "coordinator/guests/job_id.h"
#include "coordinator/guests/ownership.h"
#include "coordinator/guests/plan_parts.h"
#include "coordinator/guests/testing/seen_states.h"

namespace innkeeper {
namespace {

using namespace seen_states;
using std::chrono::hours;
using std::chrono::minutes;

struct Case {
  const char* says;
  std::function<void(Observed&)> change;
  ActionKind kind;
  std::optional<Phase> phase;  // of a wait
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.says; }

class PlanTable : public testing::TestWithParam<Case> {};

TEST_P(PlanTable, IsAsWritten) {
  Observed seen = Base();
  GetParam().change(seen);
  const Step step = PlanIdentity(seen, Timings{});
  EXPECT_EQ(static_cast<int>(step.kind), static_cast<int>(GetParam().kind)) << GetParam().says;
  if (GetParam().phase) {
    EXPECT_EQ(step.phase, GetParam().phase) << GetParam().says;
  }
}

using Kind = ActionKind;
const Case kCases[] = {
    {"a wish gets a name first", [](Observed&) {}, Kind::kAssignName, {}},
    {"paused does nothing", [](Observed& s) { s.paused = true; }, Kind::kWait, {}},
    {"a refused name waits", [](Observed& s) { s.policy.refusal.emplace(); }, Kind::kWait,
     Phase::kFailed},
    {"a guest in reach begins with its attempt", Name, Kind::kBeginAttempt, {}},
    {"a fresh attempt adds the host with a password",
     [](Observed& s) {
       Name(s);
       Try(s, false);
       s.attempt_fresh = true;
     },
     Kind::kAddHostForAttempt,
     {}},
    {"a guest out of reach gets a host without one",
     [](Observed& s) {
       Name(s);
       s.vm->agent = VmAgent::kDisconnected;
     },
     Kind::kAddHost,
     {}},
    {"then waits",
     [](Observed& s) {
       Register(s);
       s.vm->agent = VmAgent::kDisconnected;
     },
     Kind::kWait, Phase::kRegistered},
    {"a registered guest's host is looked at before anything", Register, Kind::kLookAtHost, {}},
    {"then the attempt begins",
     [](Observed& s) {
       Register(s);
       See(s, TagOf(s));
     },
     Kind::kBeginAttempt,
     {}},
    {"a fresh one asks for its password",
     [](Observed& s) {
       Register(s);
       See(s, TagOf(s));
       Try(s, false);
       s.attempt_fresh = true;
     },
     Kind::kIssuePassword,
     {}},
    {"one that a crash left without a server begins again",
     [](Observed& s) {
       Register(s);
       See(s, TagOf(s));
       Try(s, false);
     },
     Kind::kBeginAttempt,
     {}},
    {"a key of unknown origin is proven before it is dropped",
     [](Observed& s) {
       Register(s);
       See(s, TagOf(s));
       s.host.record.has_keytab = true;
     },
     Kind::kSendVerify,
     {}},
    {"a password in hand is delivered",
     [](Observed& s) {
       Register(s);
       Try(s, true);
       s.password_in_hand = true;
     },
     Kind::kDeliver,
     {}},
    {"an attempt nobody knows is asked about",
     [](Observed& s) {
       Register(s);
       Try(s, true);
     },
     Kind::kAskAboutAttempt,
     {}},
    {"one that runs is waited for",
     [](Observed& s) {
       Register(s);
       Try(s, true);
       Job(s, kAttempt, std::nullopt);
     },
     Kind::kWait, Phase::kJoining},
    {"one past its deadline is looked after",
     [](Observed& s) {
       Register(s);
       Try(s, true);
       s.now += absl::Hours(2);
     },
     Kind::kLookAtHost,
     {}},
    {"its password is withdrawn",
     [](Observed& s) {
       Register(s);
       Try(s, true);
       See(s, TagOf(s));
       s.host.record.has_password = true;
       s.now += absl::Hours(2);
     },
     Kind::kWithdrawPassword,
     {}},
    {"also of a VM that is missing",
     [](Observed& s) {
       Register(s);
       Try(s, true);
       See(s, TagOf(s));
       s.host.record.has_password = true;
       s.vm->presence = VmPresence::kMissing;
       s.now += absl::Hours(2);
     },
     Kind::kWithdrawPassword,
     {}},
    {"then it is closed",
     [](Observed& s) {
       Register(s);
       Try(s, true);
       See(s, TagOf(s));
       s.host.record.has_password = true;
       s.withdrawn = true;
       s.now += absl::Hours(2);
     },
     Kind::kFailAttempt,
     {}},
    {"a clock set back does not keep an attempt for ever",
     [](Observed& s) {
       Register(s);
       Try(s, true);
       s.now -= absl::Hours(2);
     },
     Kind::kLookAtHost,
     {}},
    {"a success must show in FreeIPA",
     [](Observed& s) {
       Register(s);
       Try(s, true);
       Job(s, kAttempt, JobResult::kOk);
       See(s, TagOf(s));
     },
     Kind::kWait, Phase::kJoining},
    {"then it is one",
     [](Observed& s) {
       Register(s);
       Try(s, true);
       Job(s, kAttempt, JobResult::kAlready);
       See(s, TagOf(s));
       s.host.record.has_keytab = true;
     },
     Kind::kMarkEnrolled,
     {}},
    {"a result of an attempt that was closed is dropped",
     [](Observed& s) {
       Register(s);
       Job(s, "join-0", JobResult::kOk);
     },
     Kind::kAcknowledge,
     {}},
    {"an enrolled guest rests",
     [](Observed& s) {
       Register(s);
       s.guest.status.enrolled_generation = 0;
       s.guest.status.verified_run = "run-1";
     },
     Kind::kWait, Phase::kEnrolled},
    {"a new run is proven",
     [](Observed& s) {
       Register(s);
       s.guest.status.enrolled_generation = 0;
       s.guest.status.verified_run = "run-0";
     },
     Kind::kSendVerify,
     {}},
    {"a stale key is dropped",
     [](Observed& s) {
       Register(s);
       s.guest.status.enrolled_generation = 0;
       Job(s, VerifyPrefix("run-1") + "1", JobResult::kStaleKey);
       See(s, TagOf(s));
       s.host.record.has_keytab = true;
     },
     Kind::kDisableHost,
     {}},
    {"a proof of an earlier run counts for nothing",
     [](Observed& s) {
       Register(s);
       s.guest.status.enrolled_generation = 0;
       Job(s, VerifyPrefix("run-0") + "1", JobResult::kOk);
     },
     Kind::kAcknowledge,
     {}},
    {"a proof that says nothing is settled",
     [](Observed& s) {
       Register(s);
       s.guest.status.enrolled_generation = 0;
       Job(s, VerifyPrefix("run-1") + "1", JobResult::kAgentUnresponsive);
     },
     Kind::kSettleVerify,
     {}},
    {"an undefine within the grace waits",
     [](Observed& s) {
       Register(s);
       s.vm->presence = VmPresence::kRemoved;
       s.vm->presence_mark = s.monotonic - minutes(1);
     },
     Kind::kWait,
     {}},
    {"after it the guest is marked",
     [](Observed& s) {
       Register(s);
       s.vm->presence = VmPresence::kRemoved;
       s.vm->presence_mark = s.monotonic - hours(1);
     },
     Kind::kMarkDeleting,
     {}},
    {"a no asks the brake",
     [](Observed& s) {
       Register(s);
       s.guest.spec.enroll = Wish::kNo;
     },
     Kind::kBeginRemoval,
     {}},
    {"then the guest is asked to leave",
     [](Observed& s) {
       Register(s);
       s.guest.spec.enroll = Wish::kNo;
       s.guest.status.leaving_since = s.now;
       See(s, TagOf(s));
     },
     Kind::kSendLeave,
     {}},
    {"but first the host is looked at: whose is the key?",
     [](Observed& s) {
       Register(s);
       s.guest.status.leaving_since = s.now;
     },
     Kind::kLookAtHost,
     {}},
    {"then tagged",
     [](Observed& s) {
       Register(s);
       s.guest.status.leaving_since = s.now - absl::Hours(1);
       See(s, TagOf(s));
     },
     Kind::kRetagDeleting,
     {}},
    {"another term's tag is replaced before the deletion",
     [](Observed& s) {
       Register(s);
       s.guest.status.leaving_since = s.now - absl::Hours(1);
       OwnerTag other = DeletingTagOf(s);
       other.deleting_term = "t0";
       See(s, other);
     },
     Kind::kRetagDeleting,
     {}},
    {"then deleted",
     [](Observed& s) {
       Register(s);
       s.guest.status.leaving_since = s.now - absl::Hours(1);
       See(s, DeletingTagOf(s));
     },
     Kind::kDeleteHost,
     {}},
    {"a host that is not ours is left alone",
     [](Observed& s) {
       Register(s);
       s.guest.status.leaving_since = s.now - absl::Hours(1);
       See(s, {{"c2"}, {"lab", "web"}, {"uid-1"}, {}});
     },
     Kind::kForgetIdentity,
     {}},
    {"a write whose answer was lost is waited out",
     [](Observed& s) {
       Register(s);
       s.guest.status.unsure_until = s.now + absl::Seconds(30);
     },
     Kind::kWait,
     {}},
};
INSTANTIATE_TEST_SUITE_P(Identity, PlanTable, testing::ValuesIn(kCases));

TEST(PlanParts, TheWaitGrowsUpToItsMost) {
  Timings timings;
  EXPECT_EQ(plan::BackoffAfter(0, timings), timings.retry_first);
  EXPECT_EQ(plan::BackoffAfter(1, timings), timings.retry_first * 2);
  EXPECT_EQ(plan::BackoffAfter(1000, timings), timings.retry_most);
}

TEST(PlanParts, APatienceEndsByTimeByNewsAndByAClockThatWasSetBack) {
  Timings timings;
  Observed seen = Base();
  EXPECT_TRUE(plan::IsDue(seen, timings));
  seen.guest.status.next_try = seen.now + absl::Minutes(5);
  seen.guest.status.setback = Setback{seen.now - absl::Minutes(1), "run-1", 0, false};
  EXPECT_FALSE(plan::IsDue(seen, timings));
  Observed later = seen;
  later.now += absl::Minutes(5);
  EXPECT_TRUE(plan::IsDue(later, timings));
  Observed rebooted = seen;
  rebooted.vm->run_id = "run-2";
  EXPECT_TRUE(plan::IsDue(rebooted, timings));
  Observed asked = seen;
  asked.guest.spec.generation = 1;
  EXPECT_TRUE(plan::IsDue(asked, timings));
  Observed reconnected = seen;
  reconnected.vm->agent_since = seen.now;
  EXPECT_FALSE(plan::IsDue(reconnected, timings)) << "no news for a network that was down";
  reconnected.guest.status.setback->final = true;
  EXPECT_TRUE(plan::IsDue(reconnected, timings));
  Observed set_back = seen;
  set_back.now -= absl::Hours(24 * 365);
  EXPECT_TRUE(plan::IsDue(set_back, timings));
}

}  // namespace
}  // namespace innkeeper
