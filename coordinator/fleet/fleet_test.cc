#include "coordinator/fleet/fleet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/fake_clock.h"
#include "coordinator/fleet/testing/fake_agent_stream.h"
#include "coordinator/fleet/testing/fake_reports.h"
#include "coordinator/fleet/testing/test_messages.h"
#include "prometheus/registry.h"

namespace innkeeper {
namespace {

using agent::v1::CoordinatorMessage;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const Call kCall = Call::Within(std::chrono::seconds(30));
const VmUid kVm1{TestUuid(1)}, kVm2{TestUuid(2)};

class FleetTest : public testing::Test {
 protected:
  using StreamPtr = std::shared_ptr<FakeAgentStream>;

  StreamPtr Open(const std::string& node, uint64_t epoch,
                 const std::vector<std::string>& open_orders = {}) {
    auto stream = std::make_shared<FakeAgentStream>(node);
    fleet_.OnMessage(stream, HelloMessage(epoch, open_orders));
    return stream;
  }
  StreamPtr Connect(const std::string& node, const std::vector<int>& domains,
                    const std::vector<std::string>& open_orders = {}) {
    StreamPtr stream = Open(node, ++epoch_, open_orders);
    fleet_.OnMessage(stream, SnapshotMessage(domains));
    stream->Take();
    return stream;
  }
  absl::Status Join(const VmUid& uid, const std::string& id, const std::string& password = "pw") {
    return fleet_.Join({.uid = uid,
                        .attempt = id,
                        .fqdn = {"web.example.test"},
                        .password = Secret(password),
                        .server = "ipa.example.test",
                        .guest_pid = 0},
                       kCall);
  }
  static std::vector<std::string> Kinds(const std::vector<CoordinatorMessage>& messages) {
    std::vector<std::string> kinds;
    for (const CoordinatorMessage& m : messages) {
      kinds.push_back(m.has_welcome()      ? "welcome"
                      : m.has_ack()        ? "ack"
                      : m.has_order()      ? "order " + m.order().id()
                      : m.has_cancel()     ? "cancel " + m.cancel().id()
                      : m.has_resync()     ? "resync"
                      : m.has_result_ack() ? "result_ack " + m.result_ack().id()
                                           : "other");
    }
    return kinds;
  }

  FakeClock clock_;
  FakeReports home_;
  prometheus::Registry registry_;
  FleetMetrics metrics_{registry_};
  std::vector<std::string> refused_;
  Fleet fleet_{home_,
               home_,
               [] {
                 return RealmFacts{"example.test", "EXAMPLE.TEST", {}, "CA"};
               },
               clock_,
               metrics_,
               {.on_refused = [this](const NodeName& node, Refusal refusal) {
                 refused_.push_back(node.text + " " + RefusalText(refusal));
               }}};
  uint64_t epoch_ = 100;
};

TEST_F(FleetTest, AnAgentIsWelcomedAndItsDomainsAreReported) {
  const StreamPtr stream = Open("host1", 1);
  EXPECT_THAT(Kinds(stream->Take()), ElementsAre("welcome"));
  fleet_.OnMessage(stream, SnapshotMessage({1, 2}));
  fleet_.OnMessage(stream, DeltaMessage(1, 3));
  EXPECT_THAT(Kinds(stream->Take()), ElementsAre("ack", "ack"));
  EXPECT_THAT(home_.log(), ElementsAre("connected host1", "snapshot host1 2", "changed vm3"));
  EXPECT_EQ(home_.Find(kVm1)->key.Text(), "demo/vm1");
  ASSERT_THAT(fleet_.Nodes(), SizeIs(1));
  EXPECT_TRUE(fleet_.Nodes()[0].connected);
  EXPECT_EQ(fleet_.Nodes()[0].domains, 3u);
  fleet_.OnClosed(stream);
  EXPECT_EQ(home_.Count("disconnected host1"), 1u);
  EXPECT_FALSE(fleet_.Nodes()[0].connected);
}

TEST_F(FleetTest, AHigherEpochReplacesTheStreamWithoutADisconnect) {
  const StreamPtr old = Connect("host1", {1});
  const StreamPtr fresh = Connect("host1", {1, 2});
  ASSERT_TRUE(old->ended().has_value());
  EXPECT_TRUE(absl::IsAborted(*old->ended()));
  fleet_.OnMessage(old, DeltaMessage(1, 9));
  fleet_.OnClosed(old);
  EXPECT_EQ(home_.Count("disconnected host1"), 0u);
  EXPECT_EQ(home_.Count("connected host1"), 1u);
  EXPECT_FALSE(home_.Find({TestUuid(9)}).has_value());
  EXPECT_FALSE(fresh->ended().has_value());
}

TEST_F(FleetTest, ALowerOrEqualEpochIsAborted) {
  const StreamPtr present = Open("host1", 50);
  for (const uint64_t epoch : {49, 50}) {
    const StreamPtr late = Open("host1", epoch);
    ASSERT_TRUE(late->ended().has_value());
    EXPECT_TRUE(absl::IsAborted(*late->ended()));
    fleet_.OnClosed(late);
  }
  EXPECT_FALSE(present->ended().has_value());
  EXPECT_EQ(home_.Count("disconnected host1"), 0u);
}

TEST_F(FleetTest, NothingCountsBeforeHello) {
  const auto stream = std::make_shared<FakeAgentStream>("host1");
  fleet_.OnMessage(stream, SnapshotMessage({1}));
  EXPECT_TRUE(stream->ended().has_value());
  EXPECT_THAT(home_.log(), IsEmpty());
}

TEST_F(FleetTest, AGapIsAnsweredWithResync) {
  const StreamPtr stream = Connect("host1", {1});
  fleet_.OnMessage(stream, DeltaMessage(2, 1));
  EXPECT_THAT(Kinds(stream->Take()), ElementsAre("resync"));
}

TEST_F(FleetTest, AnOrderGoesToTheNodeThatHoldsTheVm) {
  const StreamPtr holder = Connect("host1", {1});
  const StreamPtr other = Connect("host2", {2});
  ASSERT_TRUE(Join(kVm1, "join-1").ok());
  const auto sent = holder->Take();
  ASSERT_THAT(sent, SizeIs(1));
  EXPECT_EQ(sent[0].order().enroll().password(), "pw");
  EXPECT_EQ(sent[0].order().domain_uuid(), kVm1.text);
  EXPECT_THAT(other->Take(), IsEmpty());
  EXPECT_EQ(home_.Job(kVm1, "join-1")->kind, JobKind::kJoin);
}

TEST_F(FleetTest, NothingIsSentWhereNobodyOrTwoHoldTheVm) {
  EXPECT_TRUE(absl::IsUnavailable(Join(kVm1, "join-1")));
  const StreamPtr a = Connect("host1", {1});
  const StreamPtr b = Connect("host2", {1});
  EXPECT_TRUE(absl::IsUnavailable(Join(kVm1, "join-1")));
  EXPECT_THAT(a->Take(), IsEmpty());
  EXPECT_THAT(b->Take(), IsEmpty());
}

TEST_F(FleetTest, NothingIsSentToANodeThatIsGoneOrDoesNotRead) {
  const StreamPtr stream = Connect("host1", {1});
  stream->Fill();
  EXPECT_TRUE(absl::IsUnavailable(Join(kVm1, "join-1")));
  EXPECT_FALSE(home_.Job(kVm1, "join-1").has_value());
  fleet_.OnClosed(stream);
  EXPECT_TRUE(absl::IsUnavailable(Join(kVm1, "join-1")));
}

TEST_F(FleetTest, AResultIsToldOnceAndAcknowledgedWhenStored) {
  const StreamPtr stream = Connect("host1", {1});
  ASSERT_TRUE(Join(kVm1, "join-1").ok());
  fleet_.OnMessage(stream, ResultMessage("join-1", 1));
  fleet_.OnMessage(stream, ResultMessage("join-1", 1, agent::v1::RESULT_CLASS_KDC));
  EXPECT_EQ(home_.Results("join-1"), 1);
  EXPECT_EQ(home_.Job(kVm1, "join-1")->result, JobResult::kOk);
  stream->Take();
  fleet_.Acknowledge(kVm1, "join-1");
  EXPECT_THAT(Kinds(stream->Take()), ElementsAre("result_ack join-1"));
  EXPECT_FALSE(home_.Job(kVm1, "join-1").has_value());
  // The acknowledgement was lost: the agent says it again, on a new stream too.
  const StreamPtr again = Connect("host1", {1}, {"join-1"});
  fleet_.OnMessage(again, ResultMessage("join-1", 1));
  EXPECT_THAT(Kinds(again->Take()), ElementsAre("result_ack join-1"));
  EXPECT_EQ(home_.Results("join-1"), 1);
}

TEST_F(FleetTest, ANodeCannotSpeakForAnothersOrder) {
  Connect("host1", {1});
  const StreamPtr liar = Connect("host2", {2}, {"join-1"});
  ASSERT_TRUE(Join(kVm1, "join-1").ok());
  fleet_.OnMessage(liar, ResultMessage("join-1", 1));
  fleet_.OnMessage(liar, ResultMessage("join-1", 2));
  agent::v1::AgentMessage progress;
  progress.mutable_progress()->set_id("join-1");
  progress.mutable_progress()->set_phase("joining");
  fleet_.OnMessage(liar, progress);
  EXPECT_EQ(home_.Results("join-1"), 0);
  EXPECT_EQ(home_.Job(kVm1, "join-1")->phase, "");
  EXPECT_THAT(refused_, ElementsAre("host2 foreign-order", "host2 foreign-order", testing::_));
}

TEST_F(FleetTest, ANodeCannotMoveItsOrderToAnotherVm) {
  const StreamPtr stream = Connect("host1", {1, 2});
  ASSERT_TRUE(Join(kVm1, "join-1").ok());
  fleet_.OnMessage(stream, ResultMessage("join-1", 2));
  EXPECT_EQ(home_.Results("join-1"), 0);
}

TEST_F(FleetTest, AResultNobodyAskedForIsRefused) {
  const StreamPtr stream = Connect("host1", {1});
  fleet_.OnMessage(stream, ResultMessage("join-9", 1));
  EXPECT_EQ(home_.Results("join-9"), 0);
}

TEST_F(FleetTest, AfterARestartAHolderSpeaksForTheOrdersItsHelloNamed) {
  const StreamPtr holder = Connect("host1", {1}, {"join-1", "join-2"});
  const StreamPtr liar = Connect("host2", {2}, {"join-1", "join-2"});
  fleet_.OnMessage(liar, ResultMessage("join-1", 1));
  EXPECT_EQ(home_.Results("join-1"), 0);
  fleet_.OnMessage(holder, ResultMessage("join-1", 1));
  EXPECT_EQ(home_.Results("join-1"), 1);
  EXPECT_EQ(home_.Job(kVm1, "join-1")->kind, JobKind::kJoin);
  agent::v1::AgentMessage progress;
  progress.mutable_progress()->set_id("join-2");
  progress.mutable_progress()->set_domain_uuid(kVm1.text);
  progress.mutable_progress()->set_phase("joining");
  fleet_.OnMessage(holder, progress);
  EXPECT_EQ(home_.Job(kVm1, "join-2")->phase, "joining");
}

TEST_F(FleetTest, AnOrderThatTheNodeDoesNotKnowAfterItsReturnIsForgotten) {
  const StreamPtr stream = Connect("host1", {1, 2});
  ASSERT_TRUE(Join(kVm1, "join-1").ok());
  ASSERT_TRUE(Join(kVm2, "join-2").ok());
  fleet_.OnClosed(stream);
  EXPECT_TRUE(home_.Job(kVm1, "join-1").has_value()) << "it may still work there";
  const StreamPtr back = Connect("host1", {1, 2}, {"join-2"});
  EXPECT_FALSE(home_.Job(kVm1, "join-1").has_value());
  EXPECT_TRUE(home_.Job(kVm2, "join-2").has_value());
  // Whoever wants it sends it again, under the same id.
  ASSERT_TRUE(Join(kVm1, "join-1", "").ok());
  EXPECT_THAT(Kinds(back->Take()), ElementsAre("order join-1"));
}

TEST_F(FleetTest, SendingAFinishedOrderAgainTellsItsResult) {
  const StreamPtr stream = Connect("host1", {1});
  ASSERT_TRUE(Join(kVm1, "join-1").ok());
  fleet_.OnMessage(stream, ResultMessage("join-1", 1));
  stream->Take();
  EXPECT_TRUE(Join(kVm1, "join-1").ok());
  EXPECT_THAT(stream->Take(), IsEmpty());
}

TEST_F(FleetTest, AnOrderSentAgainAfterItsAcknowledgementIsANewOne) {
  const StreamPtr stream = Connect("host1", {1});
  for (int round = 1; round <= 2; ++round) {
    ASSERT_TRUE(Join(kVm1, "join-1").ok());
    fleet_.OnMessage(stream, ResultMessage("join-1", 1));
    EXPECT_EQ(home_.Results("join-1"), round);
    fleet_.Acknowledge(kVm1, "join-1");
  }
}

TEST_F(FleetTest, AnOrderIdBelongsToOneVm) {
  const StreamPtr stream = Connect("host1", {1, 2});
  ASSERT_TRUE(Join(kVm1, "join-1").ok());
  EXPECT_TRUE(absl::IsAlreadyExists(Join(kVm2, "join-1")));
  EXPECT_TRUE(absl::IsInvalidArgument(Join(kVm2, "no good id")));
}

TEST_F(FleetTest, SilenceEndsInADeadlineThatARealResultReplaces) {
  const StreamPtr stream = Connect("host1", {1});
  ASSERT_TRUE(fleet_.Inspect(kVm1, "inspect-1", kCall).ok());
  clock_.Advance(std::chrono::seconds(59));
  fleet_.ExpireOrders();
  EXPECT_FALSE(home_.Job(kVm1, "inspect-1")->result.has_value());
  clock_.Advance(std::chrono::seconds(2));
  fleet_.ExpireOrders();
  EXPECT_EQ(home_.Job(kVm1, "inspect-1")->result, JobResult::kDeadline);
  fleet_.OnMessage(stream, ResultMessage("inspect-1", 1));
  EXPECT_EQ(home_.Job(kVm1, "inspect-1")->result, JobResult::kOk);
}

TEST_F(FleetTest, CancelReachesTheNodeOfTheOrder) {
  const StreamPtr stream = Connect("host1", {1});
  ASSERT_TRUE(fleet_.Verify(kVm1, {"web.example.test"}, "verify-1", kCall).ok());
  stream->Take();
  fleet_.Cancel(kVm2, "verify-1");
  EXPECT_THAT(stream->Take(), IsEmpty());
  fleet_.Cancel(kVm1, "verify-1");
  EXPECT_THAT(Kinds(stream->Take()), ElementsAre("cancel verify-1"));
}

TEST_F(FleetTest, AWitnessedEndInASnapshotIsReportedBeforeIt) {
  const StreamPtr stream = Connect("host1", {1, 2});
  const StreamPtr back = Open("host1", ++epoch_);
  agent::v1::AgentMessage message = SnapshotMessage({1});
  message.mutable_snapshot()->add_gone()->set_uuid(kVm2.text);
  message.mutable_snapshot()->mutable_gone(0)->set_why(agent::v1::DomainGone::WHY_UNDEFINED);
  fleet_.OnMessage(back, message);
  EXPECT_EQ(home_.WhyGone(kVm2), GoneWhy::kUndefined);
  EXPECT_EQ(home_.log().back(), "snapshot host1 1");
}

}  // namespace
}  // namespace innkeeper
