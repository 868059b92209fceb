// The real link against the real gRPC port, over TLS on loopback.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/captured_log.h"
#include "coordinator/fleet/testing/test_messages.h"
#include "tests/link/testing/test_agent.h"
#include "tests/link/testing/test_centre.h"

namespace innkeeper {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

const VmUid kVm1{TestUuid(1)}, kVm2{TestUuid(2)};

class LinkTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(centre_.Start().ok());
    Recreate();
  }
  void Recreate(LinkOutbox::Limits outbox = {}) {
    agent_ = std::make_unique<TestAgent>(centre_.endpoint(), outbox);
    ASSERT_TRUE(centre_.Enlist("host1", agent_->keys()).ok());
  }
  void Start() {
    agent_->Start();
    ASSERT_TRUE(agent_->Connects());
  }
  absl::Status Join(const VmUid& uid, const std::string& id, const std::string& password = "pw") {
    JoinJob job;
    job.uid = uid;
    job.attempt = id;
    job.fqdn = {"web.example.test"};
    job.password = Secret(password);
    return centre_.fleet().Join(std::move(job), TestCentre::Soon());
  }
  bool Holds(const VmUid& uid) {
    return home().Eventually([&] {
      const auto vm = home().Find(uid);
      return vm && vm->presence == VmPresence::kPresent && vm->node.text == "host1";
    });
  }
  bool HasResult(const VmUid& uid, const std::string& id) {
    return home().Eventually([&] {
      const auto job = home().Job(uid, id);
      return job && job->result;
    });
  }
  FakeReports& home() { return centre_.home(); }
  FakeNode& node() { return agent_->node(); }
  CoordinatorLink& link() { return agent_->link(); }

  TestCentre centre_;
  std::unique_ptr<TestAgent> agent_;
};

TEST_F(LinkTest, ASnapshotAndItsChangesArrive) {
  node().Put(link(), TestDomain(1));
  Start();
  EXPECT_TRUE(Holds(kVm1));
  node().Put(link(), TestDomain(2));
  EXPECT_TRUE(Holds(kVm2));
  node().Remove(link(), kVm2.text, agent::v1::DomainGone::WHY_UNDEFINED);
  EXPECT_TRUE(home().Eventually([&] { return home().WhyGone(kVm2) == GoneWhy::kUndefined; }));
}

TEST_F(LinkTest, ASnapshotInManyPartsArrivesWhole) {
  Recreate({.part = 4096});
  for (int i = 0; i < 500; ++i) node().Put(link(), TestDomain(i));
  Start();
  EXPECT_TRUE(home().Eventually([&] { return home().Count("snapshot host1 500") == 1; }));
}

TEST_F(LinkTest, AnOrderGoesThereAndItsResultComesBackOnce) {
  node().Put(link(), TestDomain(1));
  node().React([&](const agent::v1::Order& order) {
    EXPECT_EQ(order.enroll().password(), "pw");
    node().Finish(link(), order.id(), order.domain_uuid());
  });
  Start();
  ASSERT_TRUE(Holds(kVm1));
  ASSERT_TRUE(Join(kVm1, "join-1").ok());
  EXPECT_TRUE(HasResult(kVm1, "join-1"));
  EXPECT_FALSE(node().Acknowledged("join-1"));
  centre_.fleet().Acknowledge(kVm1, "join-1");
  EXPECT_TRUE(node().Eventually([&] { return node().Acknowledged("join-1"); }));
  EXPECT_EQ(home().Results("join-1"), 1);
}

TEST_F(LinkTest, ProgressAndCancelPass) {
  node().Put(link(), TestDomain(1));
  Start();
  ASSERT_TRUE(Holds(kVm1));
  ASSERT_TRUE(Join(kVm1, "join-1").ok());
  agent::v1::OrderProgress progress;
  progress.set_id("join-1");
  progress.set_phase("joining");
  progress.mutable_cursor()->set_guest_pid(4711);
  link().Publish(progress);
  EXPECT_TRUE(home().Eventually([&] {
    const auto job = home().Job(kVm1, "join-1");
    return job && job->phase == "joining" && job->guest_pid == 4711;
  }));
  centre_.fleet().Cancel(kVm1, "join-1");
  EXPECT_TRUE(node().Eventually([&] { return node().Cancelled("join-1"); }));
}

TEST_F(LinkTest, AChangeThatWasMissedIsRepairedByANewSnapshot) {
  node().Put(link(), TestDomain(1));
  Recreate({.changes = 8});
  node().Put(link(), TestDomain(1));
  Start();
  ASSERT_TRUE(Holds(kVm1));
  // Faster than any network: the queue of eight overflows again and again.
  for (int round = 0; round < 50; ++round) {
    for (int i = 2; i < 40; ++i) node().Put(link(), TestDomain(i));
  }
  EXPECT_TRUE(Holds({TestUuid(39)}));
  EXPECT_GT(node().snapshots(), 1);
  node().Put(link(), TestDomain(99));
  EXPECT_TRUE(Holds({TestUuid(99)}));
  EXPECT_EQ(node().disconnects(), 0);
}

TEST_F(LinkTest, TheAgentComesBackAfterARestartOfTheCoordinator) {
  node().Put(link(), TestDomain(1));
  Start();
  ASSERT_TRUE(Holds(kVm1));
  centre_.Stop();
  EXPECT_TRUE(node().Eventually([&] { return !node().connected(); }));
  node().Put(link(), TestDomain(2));
  ASSERT_TRUE(centre_.Start().ok());
  EXPECT_TRUE(agent_->Connects());
  EXPECT_TRUE(Holds(kVm2));
}

TEST_F(LinkTest, AResultIsSaidAgainUntilItIsAcknowledged) {
  node().Put(link(), TestDomain(1));
  Start();
  ASSERT_TRUE(Holds(kVm1));
  ASSERT_TRUE(Join(kVm1, "join-1").ok());
  ASSERT_TRUE(node().Eventually([&] { return node().Received("join-1") == 1; }));
  centre_.Stop();
  node().Finish(link(), "join-1", kVm1.text);
  for (int restart = 0; restart < 3; ++restart) {
    ASSERT_TRUE(centre_.Start().ok());
    ASSERT_TRUE(home().Eventually([&] { return home().Results("join-1") == restart + 1; }))
        << restart;
    if (restart < 2) centre_.Stop();  // before it was stored: it must come again
  }
  centre_.fleet().Acknowledge(kVm1, "join-1");
  ASSERT_TRUE(node().Eventually([&] { return node().Acknowledged("join-1"); }));
  centre_.Stop();
  ASSERT_TRUE(centre_.Start().ok());
  ASSERT_TRUE(agent_->Connects());
  ASSERT_TRUE(home().Eventually([&] { return home().Count("connected host1") == 5; }));
  node().Put(link(), TestDomain(2));  // behind anything the stream began with
  ASSERT_TRUE(Holds(kVm2));
  EXPECT_EQ(home().Results("join-1"), 3);
}

TEST_F(LinkTest, AWitnessedEndSurvivesABrokenStream) {
  node().Put(link(), TestDomain(1));
  node().Put(link(), TestDomain(2));
  Start();
  ASSERT_TRUE(Holds(kVm2));
  centre_.Stop();
  ASSERT_TRUE(node().Eventually([&] { return !node().connected(); }));
  node().Remove(link(), kVm2.text, agent::v1::DomainGone::WHY_UNDEFINED);
  ASSERT_TRUE(centre_.Start().ok());
  EXPECT_TRUE(home().Eventually([&] { return home().WhyGone(kVm2) == GoneWhy::kUndefined; }));
  EXPECT_EQ(home().WhyGone(kVm1), std::nullopt);
}

TEST_F(LinkTest, ARenewedCertificateTakesOverWithoutADisconnect) {
  node().Put(link(), TestDomain(1));
  Start();
  ASSERT_TRUE(Holds(kVm1));
  ASSERT_TRUE(Join(kVm1, "join-1").ok());
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(centre_.Enlist("host1", agent_->keys()).ok());
    const int snapshots = node().snapshots();
    agent_->link().Reload();
    ASSERT_TRUE(node().Eventually([&] { return node().snapshots() > snapshots; }));
    node().Put(link(), TestDomain(10 + i));
    ASSERT_TRUE(Holds({TestUuid(10 + i)}));
    ASSERT_TRUE(home().Eventually([&] { return centre_.service().streams() >= 1; }));
  }
  node().Finish(link(), "join-1", kVm1.text);
  EXPECT_TRUE(HasResult(kVm1, "join-1"));
  EXPECT_EQ(node().disconnects(), 0);
  EXPECT_EQ(home().Count("disconnected host1"), 0u);
  EXPECT_EQ(home().Count("connected host1"), 1u);
}

TEST_F(LinkTest, ARevokedNodeIsCutOffAndStaysOut) {
  const CapturedLog log;
  node().Put(link(), TestDomain(1));
  Start();
  ASSERT_TRUE(Holds(kVm1));
  ASSERT_TRUE(centre_.Revoke("host1").ok());
  EXPECT_TRUE(node().Eventually([&] { return !node().connected(); }));
  EXPECT_TRUE(home().Eventually([&] { return home().Count("disconnected host1") == 1; }));
  EXPECT_FALSE(node().Eventually([&] { return node().connected(); }, std::chrono::seconds(1)));
  EXPECT_EQ(home().Count("connected host1"), 1u);
  EXPECT_THAT(log.lines(), Contains(AllOf(HasSubstr("no stream to the coordinator"),
                                          HasSubstr("PERMISSION_DENIED"))))
      << "the agent's log must say why";
}

TEST_F(LinkTest, AStreamEndsWithItsCertificate) {
  ASSERT_TRUE(centre_.Enlist("host1", agent_->keys(), absl::Seconds(3)).ok());
  Start();
  EXPECT_TRUE(node().Eventually([&] { return !node().connected(); }));
  ASSERT_TRUE(centre_.Enlist("host1", agent_->keys()).ok());
  EXPECT_TRUE(agent_->Connects()) << "a fresh certificate must be picked up by the next try";
}

TEST_F(LinkTest, StopSaysTheLastResult) {
  node().Put(link(), TestDomain(1));
  Start();
  ASSERT_TRUE(Holds(kVm1));
  ASSERT_TRUE(Join(kVm1, "join-1").ok());
  ASSERT_TRUE(node().Eventually([&] { return node().Received("join-1") == 1; }));
  node().Finish(link(), "join-1", kVm1.text);
  agent_->Stop();
  EXPECT_TRUE(HasResult(kVm1, "join-1"));
  EXPECT_TRUE(home().Eventually([&] { return home().Count("disconnected host1") == 1; }));
}

TEST_F(LinkTest, StopIsQuickWithoutACoordinator) {
  centre_.Stop();
  agent_->Start();
  const auto begun = std::chrono::steady_clock::now();
  agent_->Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
}

}  // namespace
}  // namespace innkeeper
