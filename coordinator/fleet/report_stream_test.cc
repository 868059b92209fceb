#include "coordinator/fleet/report_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/fleet/testing/test_messages.h"

namespace innkeeper {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

class ReportStreamTest : public testing::Test {
 protected:
  ReportStep Snapshot(const std::vector<int>& domains, uint64_t sequence = 0, bool last = true) {
    agent::v1::Snapshot part = SnapshotMessage(domains, sequence).snapshot();
    part.set_last(last);
    return reports_.Apply(std::move(part), kNow);
  }
  ReportStep Delta(uint64_t sequence, int domain = 1) {
    return reports_.Apply(DeltaMessage(sequence, domain).delta(), kNow);
  }
  ReportStep Heartbeat(uint64_t sequence) {
    agent::v1::Heartbeat heartbeat;
    heartbeat.set_sequence(sequence);
    return reports_.Apply(heartbeat);
  }
  ReportStream reports_;
};

TEST_F(ReportStreamTest, PartsBecomeOneSnapshot) {
  EXPECT_FALSE(Snapshot({1, 2}, 0, false).snapshot.has_value());
  const ReportStep step = Snapshot({3});
  ASSERT_TRUE(step.snapshot.has_value());
  EXPECT_THAT(*step.snapshot, SizeIs(3));
  EXPECT_EQ(step.ack, 0u);
}

TEST_F(ReportStreamTest, NumbersGoOnFromTheSnapshots) {
  Snapshot({1});
  EXPECT_EQ(Delta(1).ack, 1u);
  EXPECT_EQ(Delta(2).ack, 2u);
  EXPECT_EQ(Snapshot({1}, 3).ack, 3u);
  EXPECT_EQ(Delta(4).ack, 4u);
  EXPECT_EQ(Heartbeat(4).resync, nullptr);
}

TEST_F(ReportStreamTest, AGapAsksOnceForANewSnapshotAndIgnoresTheRest) {
  Snapshot({1});
  EXPECT_NE(Delta(2).resync, nullptr);
  const ReportStep later = Delta(3);
  EXPECT_EQ(later.resync, nullptr);
  EXPECT_FALSE(later.ack.has_value());
  EXPECT_THAT(later.changed, IsEmpty());
  EXPECT_TRUE(Snapshot({1}, 4).snapshot.has_value());
  EXPECT_EQ(Delta(5).ack, 5u);
}

TEST_F(ReportStreamTest, ARepeatedNumberIsAGap) {
  Snapshot({1});
  Delta(1);
  EXPECT_NE(Delta(1).resync, nullptr);
}

TEST_F(ReportStreamTest, AHeartbeatThatIsAheadShowsALoss) {
  Snapshot({1});
  EXPECT_NE(Heartbeat(1).resync, nullptr);
}

TEST_F(ReportStreamTest, AChangeInsideASnapshotSpoilsIt) {
  Snapshot({1}, 0, false);
  EXPECT_NE(Delta(1).resync, nullptr);
  const ReportStep step = Snapshot({2});
  ASSERT_TRUE(step.snapshot.has_value());
  EXPECT_THAT(*step.snapshot, SizeIs(1));
}

TEST_F(ReportStreamTest, BeforeTheFirstSnapshotChangesMeanNothing) {
  EXPECT_FALSE(Delta(1).ack.has_value());
  EXPECT_EQ(Heartbeat(9).resync, nullptr);
}

TEST_F(ReportStreamTest, OneBadDomainDoesNotSpoilTheOthers) {
  agent::v1::Snapshot part = SnapshotMessage({1, 2}).snapshot();
  part.mutable_domains(0)->set_name("a/b");
  const ReportStep step = reports_.Apply(std::move(part), kNow);
  EXPECT_THAT(*step.snapshot, SizeIs(1));
  EXPECT_THAT(step.refused, ElementsAre(Refusal::kBadName));
}

TEST_F(ReportStreamTest, WitnessedEndsComeWithTheSnapshot) {
  agent::v1::Snapshot part = SnapshotMessage({1}).snapshot();
  part.add_gone()->set_uuid(TestUuid(2));
  part.mutable_gone(0)->set_why(agent::v1::DomainGone::WHY_UNDEFINED);
  const ReportStep step = reports_.Apply(std::move(part), kNow);
  ASSERT_THAT(step.gone, SizeIs(1));
  EXPECT_EQ(step.gone[0].why, GoneWhy::kUndefined);
}

TEST_F(ReportStreamTest, ASnapshotWithoutEndEndsTheStream) {
  const std::vector<int> many(4096, 1);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(Snapshot(many, 0, false).end.ok());
  EXPECT_TRUE(absl::IsResourceExhausted(Snapshot(many, 0, false).end));
}

}  // namespace
}  // namespace innkeeper
