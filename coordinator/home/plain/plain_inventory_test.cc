#include "coordinator/home/plain/plain_inventory.h"

#include <gtest/gtest.h>

#include "base/testing/fake_clock.h"

namespace innkeeper {
namespace {

const NodeIdentity kA{{"a"}, "lab"}, kB{{"b"}, "lab"};
const VmUid kUid{"uid-1"};

Call AnyCall() { return Call::Within(std::chrono::seconds(30)); }

DomainReport Report(const std::string& name = "web", const VmUid& uid = kUid) {
  DomainReport report;
  report.uid = uid;
  report.name = name;
  report.run = VmRun::kRunning;
  report.run_id = "run-1";
  report.agent = VmAgent::kConnected;
  report.wish = Wish::kYes;
  return report;
}

class PlainInventoryTest : public testing::Test {
 protected:
  PlainInventoryTest() : database_(Database::Open(":memory:").value()) { Open(); }
  // As a process that starts again.
  void Open() {
    if (rows_) static_cast<void>(rows_->Flush(AnyCall()));
    inventory_.reset();
    rows_.reset();
    nodes_ = PlainNodeStore::Open(*database_).value();
    rows_ = std::make_unique<PlacementRows>(*database_);
    inventory_ = PlainInventory::Open(*nodes_, *rows_, clock_, {}).value();
    inventory_->OnChange([this](const VmUid& uid) { told_.push_back(uid); });
  }
  void Know(const NodeIdentity& node, bool revoked = false) {
    NodeRecord record;
    record.identity = node;
    record.revoked = revoked;
    ASSERT_TRUE(nodes_->Put(record, AnyCall()).ok());
  }
  void Connect(const NodeIdentity& node, std::vector<DomainReport> domains) {
    inventory_->NodeConnected(node);
    inventory_->Snapshot(node, std::move(domains));
  }
  VmRecord Vm() { return inventory_->Find(kUid).value(); }

  FakeClock clock_;
  std::vector<VmUid> told_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<PlainNodeStore> nodes_;
  std::unique_ptr<PlacementRows> rows_;
  std::unique_ptr<PlainInventory> inventory_;
};

TEST_F(PlainInventoryTest, ASnapshotMakesRecords) {
  Connect(kA, {Report()});
  EXPECT_EQ(Vm().key, (GuestKey{"lab", "web"}));
  EXPECT_EQ(Vm().node, kA.node);
  EXPECT_TRUE(Vm().node_connected);
  EXPECT_EQ(Vm().wish, Wish::kYes);
  EXPECT_EQ(inventory_->FindByKey({"lab", "web"}).size(), 1u);
  EXPECT_EQ(told_, std::vector<VmUid>{kUid});
}

TEST_F(PlainInventoryTest, ARestartKnowsWhoHoldsWhatAndWhatItWished) {
  Connect(kA, {Report()});
  Open();
  EXPECT_EQ(Vm().node, kA.node);
  EXPECT_EQ(Vm().wish, Wish::kYes) << "not taken for a wish that vanished";
  EXPECT_FALSE(Vm().node_connected);
  EXPECT_EQ(Vm().run, VmRun::kUnknown);
  Connect(kB, {Report()});
  EXPECT_EQ(Vm().disputed_by, std::vector<NodeName>{kB.node});
  EXPECT_EQ(Vm().node, kA.node);
}

TEST_F(PlainInventoryTest, AMigrationTakesTheTargetsReport) {
  Connect(kA, {Report()});
  DomainReport at_target = Report();
  at_target.run_id = "run-2";
  Connect(kB, {at_target});
  EXPECT_EQ(Vm().run_id, "run-1") << "a claimant's word does not count";
  inventory_->Gone(kA, kUid, GoneWhy::kMigrated);
  EXPECT_EQ(Vm().node, kB.node);
  EXPECT_EQ(Vm().run_id, "run-2");
  EXPECT_TRUE(Vm().disputed_by.empty());
  EXPECT_TRUE(Vm().node_connected);
}

TEST_F(PlainInventoryTest, AnUndefineIsRemovedAndAVanishIsMissing) {
  Connect(kA, {Report(), Report("db", {"uid-2"})});
  clock_.Advance(std::chrono::minutes(3));
  inventory_->Gone(kA, kUid, GoneWhy::kUndefined);
  EXPECT_EQ(Vm().presence, VmPresence::kRemoved);
  EXPECT_EQ(Vm().presence_mark, clock_.Monotonic());
  inventory_->Snapshot(kA, {});
  EXPECT_EQ(Vm().presence, VmPresence::kRemoved);
  EXPECT_EQ(inventory_->Find({"uid-2"})->presence, VmPresence::kMissing);
  inventory_->Snapshot(kA, {Report("db", {"uid-2"})});
  EXPECT_EQ(inventory_->Find({"uid-2"})->presence, VmPresence::kPresent);
}

TEST_F(PlainInventoryTest, TheGraceOfARemovalStartsAnewWithTheProcess) {
  Connect(kA, {Report()});
  inventory_->Gone(kA, kUid, GoneWhy::kUndefined);
  clock_.Advance(std::chrono::hours(1));
  Open();
  EXPECT_EQ(Vm().presence, VmPresence::kRemoved);
  EXPECT_EQ(Vm().presence_mark, clock_.Monotonic());
}

TEST_F(PlainInventoryTest, IsSettledOnceEveryKnownNodeReportedOrTheGraceIsOver) {
  Know(kA);
  Know(kB);
  Open();
  EXPECT_FALSE(inventory_->Settled());
  Connect(kA, {});
  EXPECT_FALSE(inventory_->Settled());
  Connect(kB, {});
  EXPECT_TRUE(inventory_->Settled());
  Open();
  EXPECT_FALSE(inventory_->Settled());
  clock_.Advance(std::chrono::seconds(90));
  EXPECT_TRUE(inventory_->Settled());
  EXPECT_FALSE(inventory_->AllNodesConnected());
}

TEST_F(PlainInventoryTest, RevokedAndForgottenNodesAreNotWaitedFor) {
  Know(kA);
  Know(kB);
  Open();
  Connect(kA, {});
  EXPECT_FALSE(inventory_->AllNodesConnected());
  Know(kB, /*revoked=*/true);
  EXPECT_TRUE(inventory_->AllNodesConnected());
  inventory_->NodeDisconnected(kA);
  EXPECT_FALSE(inventory_->AllNodesConnected());
  ASSERT_TRUE(nodes_->Remove(kA.node, AnyCall()).ok());
  EXPECT_TRUE(inventory_->AllNodesConnected());
}

TEST_F(PlainInventoryTest, AForgottenNodesVmMayShowUpElsewhere) {
  Know(kA);
  Connect(kA, {Report()});
  inventory_->NodeDisconnected(kA);
  Connect(kB, {Report()});
  ASSERT_FALSE(Vm().disputed_by.empty());
  ASSERT_TRUE(nodes_->Remove(kA.node, AnyCall()).ok());
  EXPECT_EQ(Vm().node, kB.node);
  EXPECT_TRUE(Vm().disputed_by.empty());
  EXPECT_EQ(Vm().presence, VmPresence::kPresent);
}

TEST_F(PlainInventoryTest, JobsCountFromTheHolderOnlyAndAreCapped) {
  Connect(kA, {Report()});
  JobView job;
  job.id = "join-1";
  inventory_->JobChanged(kB, kUid, job);
  EXPECT_TRUE(Vm().jobs.empty());
  inventory_->JobChanged(kA, kUid, job);
  EXPECT_EQ(Vm().jobs.size(), 1u);
  inventory_->JobForgotten(kA, kUid, "join-1");
  EXPECT_TRUE(Vm().jobs.empty());
  for (int i = 0; i < 100; ++i) {
    job.id = "join-" + std::to_string(i);
    inventory_->JobChanged(kA, kUid, job);
  }
  EXPECT_LE(Vm().jobs.size(), 16u);
}

TEST_F(PlainInventoryTest, OnlyMeaningIsWritten) {
  Connect(kA, {Report()});
  ASSERT_TRUE(rows_->Flush(AnyCall()).ok());
  DomainReport motion = Report();
  motion.run = VmRun::kOff;
  motion.agent = VmAgent::kDisconnected;
  inventory_->Changed(kA, motion);
  inventory_->NodeDisconnected(kA);
  Connect(kA, {Report()});
  EXPECT_EQ(rows_->pending(), 0u);
}

TEST_F(PlainInventoryTest, WhatIsLongGoneIsForgotten) {
  Connect(kA, {Report()});
  inventory_->Gone(kA, kUid, GoneWhy::kUndefined);
  clock_.Advance(std::chrono::hours(24 * 8));
  inventory_->Snapshot(kA, {});
  EXPECT_FALSE(inventory_->Find(kUid).has_value());
  Open();
  EXPECT_FALSE(inventory_->Find(kUid).has_value());
}

}  // namespace
}  // namespace innkeeper
