#include "agent/node.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "agent/testing/fake_link.h"
#include "agent/units/no_host_units.h"
#include "proto/time.h"
#include "vm/testing/fake_guest_agent.h"
#include "vm/testing/fake_hypervisor.h"

namespace innkeeper {
namespace {

class NodeTest : public testing::Test {
 protected:
  NodeTest() {
    Node::Options options;
    options.boot_id = "boot1";
    options.watch.node_boot = "boot1";
    options.watch.sweep = std::chrono::milliseconds(50);
    options.lanes.workers = 4;
    node_ = std::make_unique<Node>(options, std::vector<Node::Source>{{hypervisor_, guest_agent_}},
                                   units_, link_, clock_);
    hypervisor_.Define(web_);
    hypervisor_.Boot(web_.id);
    hypervisor_.ConnectAgent(web_.id);
  }
  ~NodeTest() override { node_->Stop(Call::Within(std::chrono::seconds(10))); }

  agent::v1::Order Verify(const std::string& id, const DomainId& domain) {
    agent::v1::Order order;
    order.set_id(id);
    order.set_domain_uuid(domain.uuid);
    *order.mutable_timeout() = ToProtoDuration(absl::Minutes(1));
    order.mutable_verify()->set_fqdn("web.example.test");
    return order;
  }
  static FakeGuest GuestThatSays(const std::string& output) {
    FakeGuest guest;
    guest.run = [output](const GuestCommand&) -> absl::StatusOr<GuestExit> {
      GuestExit exit;
      exit.out = output;
      return exit;
    };
    return guest;
  }

  RealClock clock_;
  FakeHypervisor hypervisor_;
  FakeGuestAgent guest_agent_;
  NoHostUnits units_;
  FakeLink link_;
  const DomainState web_ = NewDomain("web");
  std::unique_ptr<Node> node_;
};

TEST_F(NodeTest, AReachableGuestIsAskedWhoItIs) {
  FakeGuest guest;
  guest.host_name = "web.example.test";
  guest_agent_.Add(web_.id, guest);
  ASSERT_TRUE(node_->Start().ok());
  const auto domain = link_.AwaitDomain([](const auto& d) { return d.has_facts(); });
  ASSERT_TRUE(domain);
  EXPECT_EQ(domain->facts().host_name(), "web.example.test");
  EXPECT_TRUE(domain->facts().exec_allowed());
}

// A frozen guest calls everything disabled: what it allowed before is remembered, but only of the
// agent that said so.
TEST_F(NodeTest, WhatIsKnownOfAGuestsAgentGoesWithIt) {
  guest_agent_.Add(web_.id, FakeGuest{});
  ASSERT_TRUE(node_->Start().ok());
  ASSERT_TRUE(link_.AwaitDomain([](const auto& d) { return d.has_facts(); }));
  const int before = guest_agent_.forgotten();
  hypervisor_.DisconnectAgent(web_.id);
  ASSERT_TRUE(link_.AwaitDomain(
      [](const auto& d) { return d.agent_channel() == agent::v1::AGENT_CHANNEL_DISCONNECTED; }));
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (guest_agent_.forgotten() == before && std::chrono::steady_clock::now() < end)
    std::this_thread::yield();
  EXPECT_GT(guest_agent_.forgotten(), before);
}

TEST_F(NodeTest, ASilentGuestIsShownAsUnresponsive) {
  FakeGuest guest;
  guest.failure = AgentFailure::kUnresponsive;
  guest_agent_.Add(web_.id, guest);
  ASSERT_TRUE(node_->Start().ok());
  EXPECT_TRUE(link_.AwaitDomain(
      [](const auto& d) { return d.agent_channel() == agent::v1::AGENT_CHANNEL_UNRESPONSIVE; }));
}

TEST_F(NodeTest, AnOrderIsWorkedOnOnceAndItsResultToldAgainWhenAskedAgain) {
  guest_agent_.Add(web_.id, GuestThatSays(R"({"class":"ok","kinit":"ok","principal":"host/w@X"})"));
  ASSERT_TRUE(node_->Start().ok());
  ASSERT_TRUE(link_.AwaitDomain([](const auto&) { return true; }));
  link_.node().OnOrder(Verify("order1", web_.id));
  const auto result = FakeLink::Await(link_.results);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->result_class(), agent::v1::RESULT_CLASS_OK);
  EXPECT_EQ(link_.node().OpenOrders(), std::vector<std::string>{"order1"});
  link_.node().OnOrder(Verify("order1", web_.id));
  EXPECT_EQ(FakeLink::Await(link_.results)->id(), "order1");
  link_.node().OnResultAck("order1");
  EXPECT_TRUE(link_.node().OpenOrders().empty());
}

TEST_F(NodeTest, AnOrderForADomainThatIsNotHereIsRefused) {
  ASSERT_TRUE(node_->Start().ok());
  link_.node().OnOrder(Verify("order1", RandomDomainId()));
  EXPECT_EQ(FakeLink::Await(link_.results)->result_class(), agent::v1::RESULT_CLASS_DOMAIN_GONE);
}

TEST_F(NodeTest, AFrozenGuestDoesNotDelayAnotherOnesOrder) {
  const DomainState db = NewDomain("db");
  hypervisor_.Define(db);
  hypervisor_.Boot(db.id);
  hypervisor_.ConnectAgent(db.id);
  guest_agent_.Add(web_.id, FakeGuest());
  guest_agent_.Freeze(web_.id);
  guest_agent_.Add(db.id, GuestThatSays(R"({"class":"ok","kinit":"ok"})"));
  ASSERT_TRUE(node_->Start().ok());
  std::set<std::string> known;  // both, in whatever order they are told
  ASSERT_TRUE(link_.AwaitDomain([&](const auto& d) {
    known.insert(d.uuid());
    return known.contains(db.id.uuid) && known.contains(web_.id.uuid);
  }));
  link_.node().OnOrder(Verify("stuck", web_.id));
  link_.node().OnOrder(Verify("served", db.id));
  EXPECT_EQ(FakeLink::Await(link_.results)->id(), "served");
  guest_agent_.Thaw(web_.id);
}

TEST_F(NodeTest, TheSnapshotHoldsEveryDomain) {
  ASSERT_TRUE(node_->Start().ok());
  ASSERT_TRUE(link_.AwaitDomain([](const auto&) { return true; }));
  const agent::v1::Snapshot snapshot = link_.node().TakeSnapshot();
  ASSERT_EQ(snapshot.domains_size(), 1);
  EXPECT_EQ(snapshot.domains(0).name(), "web");
  EXPECT_TRUE(snapshot.last());
}

TEST_F(NodeTest, ADomainThatGoesIsTold) {
  guest_agent_.Add(web_.id, FakeGuest());
  ASSERT_TRUE(node_->Start().ok());
  ASSERT_TRUE(link_.AwaitDomain([](const auto&) { return true; }));
  hypervisor_.Undefine(web_.id);
  hypervisor_.PowerOff(web_.id);
  EXPECT_EQ(FakeLink::Await(link_.gones)->why(), agent::v1::DomainGone::WHY_UNDEFINED);
}

}  // namespace
}  // namespace innkeeper
