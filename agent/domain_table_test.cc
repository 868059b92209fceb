#include "agent/domain_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace innkeeper {
namespace {

using testing::ElementsAre;

const DomainId kWeb{"11111111-1111-4111-8111-111111111111"};
const DomainId kDb{"22222222-2222-4222-8222-222222222222"};
const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

DomainState Running(const DomainId& id, const std::string& name, int run) {
  DomainState state;
  state.id = id;
  state.name = name;
  state.run_state = RunState::kRunning;
  state.run_number = run;
  state.channel = AgentChannel::kConnected;
  return state;
}

class DomainTableTest : public testing::Test {
 protected:
  std::string RunId(const DomainId& id) const { return table_.Message(id)->run_id(); }
  DomainTable table_{"boot1"};
};

TEST_F(DomainTableTest, TheSameStateAgainIsNoChange) {
  EXPECT_TRUE(table_.Update(Running(kWeb, "web", 1), kNow));
  EXPECT_FALSE(table_.Update(Running(kWeb, "web", 1), kNow));
}

TEST_F(DomainTableTest, EachStartAndEachRebootHasARunIdOfItsOwn) {
  table_.Update(Running(kWeb, "web", 1), kNow);
  const std::string first = RunId(kWeb);
  table_.Reboot(kWeb, kNow);
  const std::string rebooted = RunId(kWeb);
  table_.Update(Running(kWeb, "web", 7), kNow);
  const std::string restarted = RunId(kWeb);
  EXPECT_NE(first, rebooted);
  EXPECT_NE(rebooted, restarted);
  EXPECT_NE(first, restarted);
}

TEST_F(DomainTableTest, ADomainThatIsOffHasNoRunId) {
  table_.Update(Running(kWeb, "web", 1), kNow);
  DomainState off = Running(kWeb, "web", -1);
  off.run_state = RunState::kOff;
  table_.Update(off, kNow);
  EXPECT_EQ(RunId(kWeb), "");
}

TEST_F(DomainTableTest, ANewRunForgetsWhatTheGuestClaimedBefore) {
  table_.Update(Running(kWeb, "web", 1), kNow);
  agent::v1::GuestFacts facts;
  facts.set_host_name("web");
  table_.SetFacts(kWeb, facts, kNow);
  ASSERT_TRUE(table_.Message(kWeb)->has_facts());
  table_.Update(Running(kWeb, "web", 2), kNow);
  EXPECT_FALSE(table_.Message(kWeb)->has_facts());
}

// An address counts by the MAC the host gave, never because the guest says so.
TEST_F(DomainTableTest, OnlyAnAddressOnAMacOfTheDefinitionIsKnown) {
  DomainState web = Running(kWeb, "web", 1);
  web.macs = {"52:54:00:00:00:01"};
  table_.Update(web, kNow);
  agent::v1::GuestFacts facts;
  facts.add_addresses()->set_mac("52:54:00:00:00:01");
  facts.add_addresses()->set_mac("52:54:00:00:00:99");
  facts.mutable_addresses(1)->set_mac_known(true);  // a lie that came along
  table_.SetFacts(kWeb, facts, kNow);
  const agent::v1::Domain message = *table_.Message(kWeb);
  EXPECT_TRUE(message.facts().addresses(0).mac_known());
  EXPECT_FALSE(message.facts().addresses(1).mac_known());
}

TEST_F(DomainTableTest, TheSweepNamesWhatMustBeReadAnewAndWhatIsMissing) {
  table_.Update(Running(kWeb, "web", 1), kNow);
  table_.Update(Running(kDb, "db", 2), kNow);
  DomainState changed = Running(kWeb, "web", 3);
  const DomainId fresh{"33333333-3333-4333-8333-333333333333"};
  const DomainTable::Doubts doubts = table_.Compare({changed, Running(fresh, "new", 4)});
  EXPECT_THAT(doubts.reread, ElementsAre(kWeb, fresh));
  EXPECT_THAT(doubts.missing, ElementsAre(kDb));
}

TEST_F(DomainTableTest, AnUnresponsiveAgentIsShownUntilItsChannelChanges) {
  table_.Update(Running(kWeb, "web", 1), kNow);
  EXPECT_TRUE(table_.SetUnresponsive(kWeb, true, kNow));
  EXPECT_FALSE(table_.SetUnresponsive(kWeb, true, kNow));
  EXPECT_EQ(table_.Message(kWeb)->agent_channel(), agent::v1::AGENT_CHANNEL_UNRESPONSIVE);
  DomainState lost = Running(kWeb, "web", 1);
  lost.channel = AgentChannel::kDisconnected;
  table_.Update(lost, kNow);
  table_.Update(Running(kWeb, "web", 1), kNow);
  EXPECT_EQ(table_.Message(kWeb)->agent_channel(), agent::v1::AGENT_CHANNEL_CONNECTED);
}

}  // namespace
}  // namespace innkeeper
