// What must hold in any state, also in those that no story reaches.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>

#include "coordinator/guests/identity_plan.h"
#include "coordinator/guests/job_id.h"
#include "coordinator/guests/ownership.h"
#include "coordinator/guests/plan_parts.h"
#include "coordinator/guests/testing/seen_states.h"
#include "coordinator/guests/wish.h"

namespace innkeeper {
namespace {

using namespace seen_states;

class AnyState {
 public:
  explicit AnyState(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ull + 1) {}

  Observed Make() {
    Observed seen = Base();
    seen.guest.spec.enroll = static_cast<Wish>(Roll(3));
    seen.guest.spec.generation = static_cast<int64_t>(Roll(2));
    seen.guest.deleting = Roll(6) == 0;
    seen.paused = Roll(8) == 0;
    seen.settled = Roll(3) != 0;
    seen.all_nodes_connected = Roll(3) != 0;
    seen.suspect = Roll(4) == 0;
    if (Roll(5) != 0) Name(seen);
    if (Roll(3) != 0) Register(seen);
    if (Roll(4) == 0) seen.guest.spec.fqdn = "www.lab.test";
    if (Roll(4) == 0) seen.policy.fqdn = {"www.lab.test"};
    if (Roll(6) == 0) seen.policy.refusal.emplace();
    if (Roll(4) == 0) seen.policy.host_groups = {"web"};
    GuestStatus& status = seen.guest.status;
    status.enrolled_generation = static_cast<int64_t>(Roll(3)) - 1;
    if (Roll(2) == 0) status.verified_run = "run-1";
    if (Roll(4) == 0) status.leaving_since = seen.now - absl::Minutes(static_cast<int>(Roll(20)));
    if (Roll(2) == 0) Try(seen, Roll(2) == 0);
    if (Roll(4) == 0) seen.now += absl::Hours(static_cast<int>(Roll(4)) - 1);
    if (status.attempt && status.attempt->server.empty()) seen.attempt_fresh = Roll(2) == 0;
    if (status.attempt && !status.attempt->server.empty()) seen.password_in_hand = Roll(4) == 0;
    MakeVm(seen);
    MakeHost(seen);
    return seen;
  }

 private:
  uint64_t Roll(uint64_t sides) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return (state_ >> 16) % sides;
  }
  void MakeVm(Observed& seen) {
    VmRecord& vm = *seen.vm;
    vm.wish = static_cast<Wish>(Roll(3));
    vm.presence = Roll(2) == 0 ? VmPresence::kPresent : static_cast<VmPresence>(Roll(3));
    vm.presence_mark = seen.monotonic - std::chrono::minutes(Roll(20));
    if (Roll(6) == 0) vm.disputed_by = {{"host2"}};
    vm.node_connected = Roll(5) != 0;
    if (Roll(3) == 0) vm.run = static_cast<VmRun>(Roll(5));
    if (Roll(3) == 0) vm.agent = static_cast<VmAgent>(Roll(5));
    for (const std::string& id :
         {std::string(kAttempt), VerifyPrefix("run-1") + "1", std::string("leave-1")}) {
      if (Roll(3) != 0) continue;
      std::optional<JobResult> result;
      if (Roll(4) != 0) result = static_cast<JobResult>(Roll(33));
      JobView& job = Job(seen, id, result);
      if (Roll(3) == 0) job.proof = {};
    }
    if (Roll(10) == 0) seen.vm.reset();
  }
  void MakeHost(Observed& seen) {
    OwnerTag tag = TagOf(seen);
    switch (Roll(8)) {
      case 0:
        return;
      case 1:
        seen.host.seen = HostView::Seen::kAbsent;
        return;
      case 2:
        tag.uid = {"uid-2"};
        break;
      case 3:
        tag.cluster = {"c2"};
        break;
      case 4:
        tag.guest.name = "other";
        break;
      case 5:
        tag = DeletingTagOf(seen);
        break;
      case 6:
        tag = DeletingTagOf(seen);
        tag.deleting_term = "t0";
        break;
      default:
        break;
    }
    See(seen, tag);
    seen.host.tag_holder_gone = Roll(2) == 0;
    seen.host.record.has_keytab = Roll(2) == 0;
    seen.host.record.has_password = Roll(2) == 0;
  }
  uint64_t state_;
};

struct Promise {
  const char* text;
  std::initializer_list<ActionKind> steps;
  std::function<bool(const Observed&)> holds;
};

bool IsOurs(const Observed& seen) {
  if (seen.host.seen != HostView::Seen::kPresent) return false;
  const Ownership whose = OwnershipOf(seen.host.record, seen);
  return whose == Ownership::kOurs || whose == Ownership::kOursElsewise;
}
bool IsAdoptable(const Observed& seen) {
  return OwnershipOf(seen.host.record, seen) == Ownership::kAdoptable;
}
bool SaidNo(const Observed& seen) { return IntentOf(seen.guest, seen.vm) == Intent::kDecline; }
bool WantsOtherName(const Observed& seen) {
  return !seen.policy.refusal && !WishedFqdn(seen.guest, seen.vm).empty() &&
         seen.policy.fqdn != seen.guest.status.fqdn;
}
bool HasTag(const Observed& seen, const OwnerTag& tag) {
  return seen.host.seen == HostView::Seen::kPresent && seen.host.record.Owner() == tag;
}

using Kind = ActionKind;
const Promise kPromises[] = {
    {"only our own host is changed",
     {Kind::kIssuePassword, Kind::kDisableHost, Kind::kAddToGroup, Kind::kWithdrawPassword,
      Kind::kRetagDeleting},
     IsOurs},
    {"a host is taken over only when it is ours or abandoned",
     {Kind::kTakeHost},
     [](const Observed& seen) { return IsOurs(seen) || IsAdoptable(seen); }},
    {"a host is deleted only with our term's announcement read back",
     {Kind::kDeleteHost},
     [](const Observed& seen) {
       return HasTag(seen, DeletingTagOf(seen)) && seen.guest.status.leaving_since;
     }},
    {"enrolled needs our host and a key in FreeIPA",
     {Kind::kMarkEnrolled, Kind::kMarkKeyHeld},
     [](const Observed& seen) { return IsOurs(seen) && seen.host.record.has_keytab; }},
    {"nothing is removed before the inventory is settled",
     {Kind::kMarkDeleting, Kind::kBeginRemoval, Kind::kDropAttempt, Kind::kSendLeave,
      Kind::kRetagDeleting, Kind::kDeleteHost, Kind::kForgetIdentity, Kind::kDeleteRecord},
     [](const Observed& seen) { return seen.settled || seen.guest.status.attempt; }},
    {"a removal begins only by an explicit no, another name or a VM that is gone for good",
     {Kind::kBeginRemoval},
     [](const Observed& seen) {
       return SaidNo(seen) || WantsOtherName(seen) || seen.guest.deleting;
     }},
    {"a guest is marked only after a witnessed undefine, with every node connected",
     {Kind::kMarkDeleting},
     [](const Observed& seen) {
       return seen.all_nodes_connected && seen.vm->presence == VmPresence::kRemoved;
     }},
    {"a record goes only by an explicit no or with its VM",
     {Kind::kDeleteRecord},
     [](const Observed& seen) { return SaidNo(seen) || seen.guest.deleting; }},
    {"orders go only to a guest that can take them",
     {Kind::kAskAboutAttempt, Kind::kSendVerify, Kind::kSendLeave},
     [](const Observed& seen) { return !plan::ObstacleTo(seen.vm); }},
    {"no attempt begins while another's password may be out",
     {Kind::kBeginAttempt},
     [](const Observed& seen) { return !plan::IsIssued(seen.guest); }},
};

std::string BrokenPromise(const Observed& seen, const Step& step) {
  if (seen.paused && !(step.kind == Kind::kWait && step.quiet)) return "paused does nothing";
  for (const Promise& promise : kPromises) {
    const bool applies =
        std::find(promise.steps.begin(), promise.steps.end(), step.kind) != promise.steps.end();
    if (applies && !promise.holds(seen)) return promise.text;
  }
  return "";
}

TEST(IdentityPlan, KeepsItsPromisesInAnyState) {
  AnyState states(1);
  std::map<ActionKind, int> kinds;
  for (int i = 0; i < 200'000; ++i) {
    const Observed seen = states.Make();
    const Step step = PlanIdentity(seen, Timings{});
    ++kinds[step.kind];
    ASSERT_EQ(BrokenPromise(seen, step), "")
        << "state " << i << ", step " << static_cast<int>(step.kind);
  }
  EXPECT_GE(kinds.size(), 24u) << "too few kinds of steps were reached";
}

}  // namespace
}  // namespace innkeeper
