#include "coordinator/guests/placement.h"

#include <gtest/gtest.h>

namespace innkeeper {
namespace {

const NodeName kA{"a"}, kB{"b"}, kC{"c"};

class PlacementTest : public testing::Test {
 protected:
  PlacementTest() { PlaceReport(placement_, kA); }
  Placement placement_;
};

TEST_F(PlacementTest, TheFirstReporterHolds) {
  EXPECT_EQ(placement_.holder, kA);
  EXPECT_EQ(placement_.presence, VmPresence::kPresent);
  EXPECT_EQ(PlaceReport(placement_, kA), PlacementChange::kNone);
}

TEST_F(PlacementTest, ASecondReporterDisputesAndDoesNotTakeOver) {
  EXPECT_EQ(PlaceReport(placement_, kB), PlacementChange::kMinor);
  EXPECT_EQ(PlaceReport(placement_, kB), PlacementChange::kNone);
  EXPECT_EQ(placement_.holder, kA);
  EXPECT_EQ(placement_.claimants, std::vector<NodeName>{kB});
}

TEST_F(PlacementTest, ADisputeEndsWhenTheClaimantWithdraws) {
  PlaceReport(placement_, kB);
  EXPECT_EQ(PlaceGone(placement_, kB, GoneWhy::kUndefined), PlacementChange::kMinor);
  EXPECT_TRUE(placement_.claimants.empty());
  EXPECT_EQ(placement_.presence, VmPresence::kPresent);
}

TEST_F(PlacementTest, AMigrationMovesItWhicheverNodeSpeaksFirst) {
  for (const GoneWhy why : {GoneWhy::kMigrated, GoneWhy::kUndefined, GoneWhy::kTransientEnded}) {
    Placement target_first = placement_, source_first = placement_;
    PlaceReport(target_first, kB);
    EXPECT_EQ(PlaceGone(target_first, kA, why), PlacementChange::kMoved);
    PlaceGone(source_first, kA, why);
    EXPECT_EQ(PlaceReport(source_first, kB), PlacementChange::kMoved);
    for (const Placement& placement : {target_first, source_first}) {
      EXPECT_EQ(placement.holder, kB);
      EXPECT_EQ(placement.presence, VmPresence::kPresent);
      EXPECT_TRUE(placement.claimants.empty());
      EXPECT_FALSE(placement.released);
    }
  }
}

TEST_F(PlacementTest, OnlyAWitnessedUndefineIsARemoval) {
  const struct {
    GoneWhy why;
    VmPresence presence;
  } cases[] = {{GoneWhy::kUndefined, VmPresence::kRemoved},
               {GoneWhy::kTransientEnded, VmPresence::kMissing},
               {GoneWhy::kMigrated, VmPresence::kMissing},
               {GoneWhy::kVanished, VmPresence::kMissing}};
  for (const auto& c : cases) {
    Placement placement = placement_;
    EXPECT_EQ(PlaceGone(placement, kA, c.why), PlacementChange::kMoved);
    EXPECT_EQ(placement.presence, c.presence);
  }
}

TEST_F(PlacementTest, AVanishedDomainIsNotTakenOverWithoutAWord) {
  PlaceGone(placement_, kA, GoneWhy::kVanished);
  EXPECT_EQ(PlaceReport(placement_, kB), PlacementChange::kMinor);
  EXPECT_EQ(placement_.holder, kA);
  EXPECT_EQ(placement_.presence, VmPresence::kMissing);
  EXPECT_EQ(PlaceReport(placement_, kA), PlacementChange::kMoved);
  EXPECT_EQ(placement_.presence, VmPresence::kPresent);
}

TEST_F(PlacementTest, AVanishReportDoesNotUndoAWitnessedRemoval) {
  PlaceGone(placement_, kA, GoneWhy::kUndefined);
  EXPECT_EQ(PlaceGone(placement_, kA, GoneWhy::kVanished), PlacementChange::kNone);
  EXPECT_EQ(placement_.presence, VmPresence::kRemoved);
}

TEST_F(PlacementTest, AnOperatorsWordReleasesALostNode) {
  EXPECT_EQ(PlaceNodeLost(placement_, kA), PlacementChange::kMoved);
  EXPECT_EQ(placement_.presence, VmPresence::kMissing);
  EXPECT_EQ(PlaceReport(placement_, kB), PlacementChange::kMoved);
  EXPECT_EQ(placement_.holder, kB);
}

TEST_F(PlacementTest, OfSeveralClaimantsOneHoldsAndTheRestStillDispute) {
  PlaceReport(placement_, kB);
  PlaceReport(placement_, kC);
  PlaceGone(placement_, kA, GoneWhy::kMigrated);
  EXPECT_EQ(placement_.holder, kB);
  EXPECT_EQ(placement_.claimants, std::vector<NodeName>{kC});
}

}  // namespace
}  // namespace innkeeper
