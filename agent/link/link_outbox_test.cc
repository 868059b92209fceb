#include "agent/link/link_outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace innkeeper {
namespace {

using agent::v1::AgentMessage;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

agent::v1::Domain Domain(const std::string& uuid, size_t size = 0) {
  agent::v1::Domain domain;
  domain.set_uuid(uuid);
  domain.set_machine_unit(std::string(size, 'x'));
  return domain;
}
agent::v1::DomainGone Undefined(const std::string& uuid) {
  agent::v1::DomainGone gone;
  gone.set_uuid(uuid);
  gone.set_why(agent::v1::DomainGone::WHY_UNDEFINED);
  return gone;
}
agent::v1::OrderResult Result(const std::string& id, const std::string& detail = "") {
  agent::v1::OrderResult result;
  result.set_id(id);
  result.set_detail(detail);
  return result;
}
agent::v1::OrderProgress Progress(const std::string& id, const std::string& phase) {
  agent::v1::OrderProgress progress;
  progress.set_id(id);
  progress.set_phase(phase);
  return progress;
}

class OutboxTest : public testing::Test {
 protected:
  explicit OutboxTest(
      LinkOutbox::Limits limits = {.changes = 4, .results = 3, .progress = 2, .ends = 2})
      : outbox_(limits) {}
  std::vector<AgentMessage> Snapshot(agent::v1::Snapshot snapshot = {}) {
    outbox_.BeginSnapshot();
    return outbox_.EndSnapshot(std::move(snapshot));
  }
  std::vector<AgentMessage> Drain() {
    std::vector<AgentMessage> all;
    while (std::optional<AgentMessage> next = outbox_.Next()) all.push_back(*std::move(next));
    return all;
  }
  LinkOutbox outbox_;
};

TEST_F(OutboxTest, NothingGoesBeforeTheSnapshot) {
  outbox_.Publish(Result("o1"));
  EXPECT_THAT(Drain(), IsEmpty());
  outbox_.Open();
  EXPECT_TRUE(outbox_.SnapshotDue());
  EXPECT_THAT(Drain(), IsEmpty());
  Snapshot();
  EXPECT_THAT(Drain(), SizeIs(1));
}

TEST_F(OutboxTest, PartsStayUnderTheirSizeAndTheLastSaysSo) {
  LinkOutbox outbox({.part = 1000});
  outbox.Open();
  agent::v1::Snapshot snapshot;
  for (int i = 0; i < 20; ++i) *snapshot.add_domains() = Domain(std::to_string(i), 200);
  outbox.BeginSnapshot();
  const auto parts = outbox.EndSnapshot(std::move(snapshot));
  EXPECT_GE(parts.size(), 5u);
  int domains = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    domains += parts[i].snapshot().domains_size();
    EXPECT_LE(parts[i].ByteSizeLong(), 1200u);
    EXPECT_EQ(parts[i].snapshot().last(), i + 1 == parts.size());
  }
  EXPECT_EQ(domains, 20);
}

TEST_F(OutboxTest, ALaterSnapshotTakesTheNextNumber) {
  outbox_.Open();
  EXPECT_EQ(Snapshot().back().snapshot().sequence(), 0u);
  outbox_.Publish(Domain("a"));
  EXPECT_EQ(Drain()[0].delta().sequence(), 1u);
  outbox_.RequestSnapshot();
  EXPECT_EQ(Snapshot().back().snapshot().sequence(), 2u);
  outbox_.Publish(Domain("b"));
  EXPECT_EQ(Drain()[0].delta().sequence(), 3u);
  EXPECT_EQ(outbox_.MakeHeartbeat().sequence(), 3u);
}

TEST_F(OutboxTest, AnOverflowIsCountedAndAsksForASnapshot) {
  outbox_.Open();
  Snapshot();
  for (int i = 0; i < 6; ++i) outbox_.Publish(Domain(std::to_string(i)));
  EXPECT_TRUE(outbox_.SnapshotDue());
  EXPECT_EQ(outbox_.counts().drops, 5u);
  EXPECT_THAT(Drain(), IsEmpty());
  Snapshot();
  EXPECT_THAT(Drain(), IsEmpty());
}

TEST_F(OutboxTest, TheNewestResultOfAnOrderIsKeptAndTheOldestOrderGivesWay) {
  outbox_.Publish(Result("o1", "first"));
  outbox_.Publish(Result("o1", "second"));
  outbox_.Publish(Result("o2"));
  outbox_.Publish(Result("o3"));
  EXPECT_EQ(outbox_.counts().results_lost, 0u);
  outbox_.Publish(Result("o4"));
  EXPECT_EQ(outbox_.counts().results_lost, 1u);
  EXPECT_THAT(outbox_.KeptOrders(), ElementsAre("o2", "o3", "o4"));
}

TEST_F(OutboxTest, OnlyTheNewestProgressOfAnOrderIsSentAndNoneAfterItsResult) {
  outbox_.Open();
  Snapshot();
  outbox_.Publish(Progress("o1", "queued"));
  outbox_.Publish(Progress("o1", "joining"));
  outbox_.Publish(Progress("o2", "joining"));
  outbox_.Publish(Result("o2"));
  const auto sent = Drain();
  ASSERT_THAT(sent, SizeIs(2));
  EXPECT_TRUE(sent[0].has_result());
  EXPECT_EQ(sent[1].progress().phase(), "joining");
}

TEST_F(OutboxTest, AWitnessedEndGoesWithSnapshotsUntilItsNumberIsAcknowledged) {
  outbox_.Open();
  Snapshot();
  outbox_.Publish(Undefined("a"));
  EXPECT_EQ(Drain()[0].delta().sequence(), 1u);
  outbox_.Acknowledge(0);
  outbox_.Open();
  EXPECT_THAT(Snapshot()[0].snapshot().gone(), SizeIs(1));
  outbox_.Acknowledge(0);
  outbox_.Open();
  EXPECT_THAT(Snapshot()[0].snapshot().gone(), IsEmpty());
}

TEST_F(OutboxTest, AnAcknowledgementOfAnotherStreamMeansNothing) {
  outbox_.Publish(Undefined("a"));
  outbox_.Open();
  outbox_.Acknowledge(9);
  EXPECT_THAT(Snapshot()[0].snapshot().gone(), SizeIs(1));
}

TEST_F(OutboxTest, ADomainThatCameBackHasNotEnded) {
  outbox_.Publish(Undefined("a"));
  outbox_.Publish(Domain("a"));
  outbox_.Open();
  EXPECT_THAT(Snapshot()[0].snapshot().gone(), IsEmpty());
}

TEST_F(OutboxTest, AnEndThatTheSnapshotHasNotSeenYetFollowsIt) {
  outbox_.Open();
  outbox_.BeginSnapshot();
  outbox_.Publish(Undefined("a"));
  agent::v1::Snapshot taken_before;
  *taken_before.add_domains() = Domain("a");
  EXPECT_THAT(outbox_.EndSnapshot(taken_before)[0].snapshot().gone(), IsEmpty());
  EXPECT_TRUE(Drain()[0].delta().has_gone());
}

TEST_F(OutboxTest, AnEndNobodySawIsNotRemembered) {
  agent::v1::DomainGone gone = Undefined("a");
  gone.set_why(agent::v1::DomainGone::WHY_VANISHED);
  outbox_.Publish(gone);
  outbox_.Open();
  EXPECT_THAT(Snapshot()[0].snapshot().gone(), IsEmpty());
}

TEST_F(OutboxTest, AWaitEndsByAPokeOnce) {
  outbox_.Poke();
  const auto begun = std::chrono::steady_clock::now();
  outbox_.Wait(begun + std::chrono::seconds(20), {});
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(10));
  outbox_.Wait(std::chrono::steady_clock::now() + std::chrono::milliseconds(1), {});
}

}  // namespace
}  // namespace innkeeper
