#include "coordinator/kube/lease.h"

#include <gtest/gtest.h>

#include <random>

#include "base/testing/fake_clock.h"
#include "coordinator/kube/testing/fake_kube_client.h"

namespace innkeeper {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const KubeKind kLeases{"coordination.k8s.io", "v1", "leases"};
const KubePath kLease{kLeases, "innkeeper", "leader"};

class LeaseTest : public testing::Test {
 protected:
  static Call AnyCall() { return Call::Within(seconds(20)); }
  static LeaseOptions As(const std::string& identity) {
    return {.ns = "innkeeper", .name = "leader", .identity = identity};
  }
  LeaseRecord Stored() { return ParseLease(admin_.Get(kLease, AnyCall()).value()).value(); }

  FakeClock clock_;
  FakeKubeServer server_{
      clock_, {{.kind = kLeases, .name = "Lease", .status = false, .generation = false}}};
  FakeKubeClient to_a_{server_, "a"}, to_b_{server_, "b"}, admin_{server_, "admin"};
  LeaseElection a_{to_a_, clock_, As("a")}, b_{to_b_, clock_, As("b")};
};

TEST_F(LeaseTest, TheFirstLeadsAndRenewsAndTheOtherWaits) {
  EXPECT_FALSE(a_.Leads());
  ASSERT_TRUE(a_.Step(AnyCall()).ok());
  ASSERT_TRUE(b_.Step(AnyCall()).ok());
  EXPECT_TRUE(a_.Leads());
  EXPECT_FALSE(b_.Leads());
  EXPECT_EQ(a_.WriteUntil(), clock_.Monotonic() + seconds(10));
  EXPECT_EQ(b_.Holder(), "a");
  EXPECT_EQ(Stored().time, seconds(15));
  EXPECT_EQ(Stored().transitions, 0);
  for (int i = 0; i < 20; ++i) {
    clock_.Advance(seconds(2));
    ASSERT_TRUE(a_.Step(AnyCall()).ok());
    ASSERT_TRUE(b_.Step(AnyCall()).ok());
    EXPECT_TRUE(a_.Leads());
    EXPECT_FALSE(b_.Leads());
  }
  EXPECT_EQ(Stored().acquired + absl::Seconds(40), Stored().renewed);
}

TEST_F(LeaseTest, WhoCannotRenewStopsWritingBeforeAnotherCanLead) {
  ASSERT_TRUE(a_.Step(AnyCall()).ok());
  ASSERT_TRUE(b_.Step(AnyCall()).ok());
  to_a_.CutOff();
  clock_.Advance(milliseconds(9'999));
  EXPECT_FALSE(a_.Step(AnyCall()).ok());
  EXPECT_TRUE(a_.Leads());
  clock_.Advance(milliseconds(1));
  EXPECT_FALSE(a_.Leads());
  ASSERT_TRUE(b_.Step(AnyCall()).ok());
  EXPECT_FALSE(b_.Leads());
  clock_.Advance(seconds(5));
  ASSERT_TRUE(b_.Step(AnyCall()).ok());
  EXPECT_TRUE(b_.Leads());
  EXPECT_EQ(Stored().holder, "b");
  EXPECT_EQ(Stored().transitions, 1);
  to_a_.Heal();
  ASSERT_TRUE(a_.Step(AnyCall()).ok());
  EXPECT_FALSE(a_.Leads());
  EXPECT_EQ(a_.Holder(), "b");
}

TEST_F(LeaseTest, NoJumpOfAWallClockMakesAnotherLead) {
  ASSERT_TRUE(a_.Step(AnyCall()).ok());
  ASSERT_TRUE(b_.Step(AnyCall()).ok());
  clock_.Jump(absl::Hours(5));
  ASSERT_TRUE(b_.Step(AnyCall()).ok());
  EXPECT_FALSE(b_.Leads());
  EXPECT_TRUE(a_.Leads());
}

TEST_F(LeaseTest, ALateComerWaitsTheWholeTimeFromItsFirstLook) {
  ASSERT_TRUE(a_.Step(AnyCall()).ok());
  to_a_.CutOff();
  clock_.Advance(seconds(14));
  ASSERT_TRUE(b_.Step(AnyCall()).ok());
  clock_.Advance(seconds(14));
  ASSERT_TRUE(b_.Step(AnyCall()).ok());
  EXPECT_FALSE(b_.Leads()) << "it cannot know when the lease was renewed";
  clock_.Advance(seconds(1));
  ASSERT_TRUE(b_.Step(AnyCall()).ok());
  EXPECT_TRUE(b_.Leads());
}

TEST_F(LeaseTest, WhatIsGivenBackIsTakenAtOnce) {
  ASSERT_TRUE(a_.Step(AnyCall()).ok());
  ASSERT_TRUE(b_.Step(AnyCall()).ok());
  ASSERT_TRUE(a_.Release(AnyCall()).ok());
  EXPECT_FALSE(a_.Leads());
  EXPECT_EQ(Stored().holder, "");
  ASSERT_TRUE(b_.Step(AnyCall()).ok());
  EXPECT_TRUE(b_.Leads());
  EXPECT_EQ(Stored().transitions, 1);
  EXPECT_TRUE(a_.Release(AnyCall()).ok());
  EXPECT_EQ(Stored().holder, "b") << "what is another's is not given back";
}

TEST_F(LeaseTest, ARenewalWhoseAnswerIsLostIsFoundAgain) {
  ASSERT_TRUE(a_.Step(AnyCall()).ok());
  to_a_.Fail({.failure = absl::UnavailableError("cut"), .when = FakeKubeFault::When::kAfter});
  clock_.Advance(seconds(2));
  EXPECT_FALSE(a_.Step(AnyCall()).ok());
  EXPECT_EQ(a_.WriteUntil(), clock_.Monotonic() + seconds(8)) << "only what is confirmed counts";
  clock_.Advance(seconds(2));
  ASSERT_TRUE(a_.Step(AnyCall()).ok());
  EXPECT_EQ(a_.WriteUntil(), clock_.Monotonic() + seconds(10));
  EXPECT_EQ(Stored().transitions, 0);
}

TEST_F(LeaseTest, OfTwoWhoTakeItAtOnceOneLeads) {
  ASSERT_TRUE(a_.Step(AnyCall()).ok());
  ASSERT_TRUE(a_.Release(AnyCall()).ok());
  server_.BeforeNextWrite([&] { EXPECT_TRUE(b_.Step(AnyCall()).ok()); });
  EXPECT_TRUE(absl::IsAborted(a_.Step(AnyCall())));
  EXPECT_FALSE(a_.Leads());
  EXPECT_TRUE(b_.Leads());
}

TEST_F(LeaseTest, ALeaseThatSomebodyDeletedIsStillItsHoldersForATime) {
  ASSERT_TRUE(a_.Step(AnyCall()).ok());
  ASSERT_TRUE(b_.Step(AnyCall()).ok());
  ASSERT_TRUE(admin_.Delete(kLease, {}, AnyCall()).ok());
  ASSERT_TRUE(b_.Step(AnyCall()).ok());
  EXPECT_FALSE(b_.Leads());
  clock_.Advance(seconds(15));
  ASSERT_TRUE(b_.Step(AnyCall()).ok());
  EXPECT_TRUE(b_.Leads());
}

// Steps, clocks, cuts and lost answers in any order: never two at a time.
TEST_F(LeaseTest, NeverDoTwoLeadAtOneTime) {
  std::mt19937_64 chance(7);
  int changes = 0;
  std::string last;
  for (int i = 0; i < 20'000; ++i) {
    const bool first = chance() % 2 == 0;
    FakeKubeClient& client = first ? to_a_ : to_b_;
    if (chance() % 40 == 0) client.CutOff();
    if (chance() % 20 == 0) client.Heal();
    if (chance() % 30 == 0)
      client.Fail({.failure = absl::UnavailableError("cut"), .when = FakeKubeFault::When::kAfter});
    if (chance() % 200 == 0) (first ? a_ : b_).Release(AnyCall()).IgnoreError();
    if (chance() % 3 != 0) (first ? a_ : b_).Step(AnyCall()).IgnoreError();
    ASSERT_FALSE(a_.Leads() && b_.Leads()) << i;
    clock_.Advance(milliseconds(chance() % 1'500));
    ASSERT_FALSE(a_.Leads() && b_.Leads()) << i;
    const std::string now = a_.Leads() ? "a" : b_.Leads() ? "b" : "";
    if (!now.empty() && std::exchange(last, now) != now) ++changes;
  }
  EXPECT_GT(changes, 50) << "the test must see failovers";
}

TEST(LeaseElector, LeadsOnItsThreadAndGivesBackAtItsEnd) {
  RealClock clock;
  SystemRandom random;
  FakeKubeServer server(clock,
                        {{.kind = kLeases, .name = "Lease", .status = false, .generation = false}});
  FakeKubeClient client(server);
  std::mutex mutex;
  std::condition_variable told;
  std::vector<bool> seen;
  {
    LeaseElector elector(client, clock, {.ns = "innkeeper", .name = "leader", .identity = "a"},
                         random, [&](bool leads) {
                           std::scoped_lock lock(mutex);
                           seen.push_back(leads);
                           told.notify_all();
                         });
    elector.Start();
    std::unique_lock lock(mutex);
    ASSERT_TRUE(told.wait_for(lock, seconds(20), [&] { return !seen.empty(); }));
    EXPECT_TRUE(elector.election().Leads());
  }
  EXPECT_EQ(seen, (std::vector<bool>{true, false}));
  const auto lease = client.Get(kLease, Call::Within(seconds(20)));
  ASSERT_TRUE(lease.ok());
  EXPECT_EQ(ParseLease(*lease)->holder, "");
}

TEST(LeaseRecord, SurvivesWhatOthersWrite) {
  EXPECT_TRUE(absl::IsInvalidArgument(ParseLease("[]").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ParseLease(R"({"metadata":{},"spec":[]})").status()));
  const auto odd = ParseLease(
      R"({"metadata":{},"spec":{"leaseDurationSeconds":"x","holderIdentity":1,"renewTime":"z"}})");
  ASSERT_TRUE(odd.ok());
  EXPECT_EQ(odd->holder, "");
}

}  // namespace
}  // namespace innkeeper
