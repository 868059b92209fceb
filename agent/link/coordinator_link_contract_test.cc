// What every CoordinatorLink promises, on the fake and on the real one (its threads and queues,
// over streams in memory; coordinator/fleet/link_test.cc has it over gRPC and TLS).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "agent/link/grpc_coordinator_link.h"
#include "agent/link/testing/fake_coordinator_link.h"
#include "agent/link/testing/fake_node.h"
#include "agent/link/testing/memory_coordinator.h"
#include "base/clock.h"
#include "base/random.h"
#include "prometheus/registry.h"

namespace innkeeper {
namespace {

using agent::v1::AgentMessage;
using agent::v1::CoordinatorMessage;
using Messages = std::vector<AgentMessage>;

// The coordinator's side, as the tests play it.
class Harness {
 public:
  virtual ~Harness() = default;
  virtual CoordinatorLink& link() = 0;
  virtual void Connect() = 0;
  virtual void Disconnect() = 0;
  virtual void Deliver(CoordinatorMessage message) = 0;
  // Whether what was sent on the present stream comes to satisfy `so`.
  virtual bool Receives(const std::function<bool(const Messages&)>& so) = 0;
};

class FakeHarness final : public Harness {
 public:
  CoordinatorLink& link() override { return link_; }
  void Connect() override { link_.Connect(); }
  void Disconnect() override { link_.Disconnect(); }
  void Deliver(CoordinatorMessage message) override { link_.Deliver(std::move(message)); }
  bool Receives(const std::function<bool(const Messages&)>& so) override {
    return so(link_.Received());
  }

 private:
  FakeCoordinatorLink link_{{.changes = 4}};
};

class RealHarness final : public Harness {
 public:
  RealHarness() {
    centre_.Answer(false);
    GrpcCoordinatorLink::Options options;
    options.endpoints = {"a:1"};
    options.retry = {std::chrono::milliseconds(1), std::chrono::milliseconds(5)};
    options.outbox.changes = 4;
    link_ = *GrpcCoordinatorLink::Create(options, centre_.Dialer(), clock_, random_, registry_);
  }
  CoordinatorLink& link() override { return *link_; }
  void Connect() override {
    const size_t n = centre_.streams();
    centre_.Answer(true);
    stream_ = centre_.Stream(n);
    CoordinatorMessage welcome;
    welcome.mutable_welcome();
    Deliver(std::move(welcome));
  }
  void Disconnect() override {
    centre_.Answer(false);
    stream_->End(absl::UnavailableError("gone"));
  }
  void Deliver(CoordinatorMessage message) override { stream_->Put(std::move(message)); }
  bool Receives(const std::function<bool(const Messages&)>& so) override {
    return stream_->Eventually(so);
  }

 private:
  MemoryCoordinator centre_;
  RealClock clock_;
  SystemRandom random_;
  prometheus::Registry registry_;
  std::shared_ptr<MemoryStream> stream_;
  std::unique_ptr<GrpcCoordinatorLink> link_;
};

template <class T>
class CoordinatorLinkContract : public testing::Test {
 protected:
  void Start() { ASSERT_TRUE(link().Start(node_).ok()); }
  void Connect() {
    harness_.Connect();
    ASSERT_TRUE(node_.Eventually([&] { return node_.connected(); }));
  }
  void Disconnect() {
    harness_.Disconnect();
    ASSERT_TRUE(node_.Eventually([&] { return !node_.connected(); }));
  }
  ~CoordinatorLinkContract() override { link().Stop(Call::Within(std::chrono::seconds(1))); }
  CoordinatorLink& link() { return harness_.link(); }

  static agent::v1::Domain Domain(const std::string& uuid, const std::string& name = "vm") {
    agent::v1::Domain domain;
    domain.set_uuid(uuid);
    domain.set_name(name);
    return domain;
  }
  static bool HasSnapshotOf(const Messages& messages, int domains) {
    int seen = 0;
    for (const AgentMessage& m : messages) {
      if (!m.has_snapshot()) continue;
      seen += m.snapshot().domains_size();
      if (m.snapshot().last() && seen == domains) return true;
      if (m.snapshot().last()) seen = 0;
    }
    return false;
  }
  static bool HasResult(const Messages& messages, const std::string& id) {
    return std::any_of(messages.begin(), messages.end(), [&](const AgentMessage& m) {
      return m.has_result() && m.result().id() == id;
    });
  }

  // The node outlives the link.
  FakeNode node_;
  T harness_;
};

using Harnesses = testing::Types<FakeHarness, RealHarness>;
TYPED_TEST_SUITE(CoordinatorLinkContract, Harnesses);

TYPED_TEST(CoordinatorLinkContract, AStreamBeginsWithHelloAndASnapshot) {
  this->node_.Put(this->link(), this->Domain("a"));
  this->node_.Put(this->link(), this->Domain("b"));
  this->Start();
  this->Connect();
  EXPECT_TRUE(this->harness_.Receives([&](const Messages& m) {
    return !m.empty() && m[0].has_hello() && this->HasSnapshotOf(m, 2);
  }));
  EXPECT_TRUE(this->link().connected());
  EXPECT_FALSE(this->link().Start(this->node_).ok()) << "it starts once";
}

TYPED_TEST(CoordinatorLinkContract, ChangesFollowWithoutGaps) {
  this->Start();
  this->Connect();
  ASSERT_TRUE(
      this->harness_.Receives([&](const Messages& m) { return this->HasSnapshotOf(m, 0); }));
  for (const char* uuid : {"a", "b", "c"}) {
    this->node_.Put(this->link(), this->Domain(uuid));
    ASSERT_TRUE(this->harness_.Receives([&](const Messages& m) {
      return std::any_of(m.begin(), m.end(), [&](const AgentMessage& one) {
        return one.has_delta() && one.delta().domain().uuid() == uuid;
      });
    }));
  }
  EXPECT_TRUE(this->harness_.Receives([](const Messages& m) {
    uint64_t expected = 0;
    for (const AgentMessage& one : m) {
      if (one.has_snapshot() && one.snapshot().last()) expected = one.snapshot().sequence();
      if (one.has_delta() && one.delta().sequence() != ++expected) return false;
    }
    return expected >= 3;
  }));
}

TYPED_TEST(CoordinatorLinkContract, WhatHappensWithoutAStreamIsInTheNextSnapshotAlone) {
  this->Start();
  this->node_.Put(this->link(), this->Domain("a"));
  this->Connect();
  this->Disconnect();
  this->node_.Put(this->link(), this->Domain("b"));
  this->Connect();
  EXPECT_TRUE(
      this->harness_.Receives([&](const Messages& m) { return this->HasSnapshotOf(m, 2); }));
  EXPECT_TRUE(this->harness_.Receives([](const Messages& m) {
    return std::none_of(m.begin(), m.end(),
                        [](const AgentMessage& one) { return one.has_delta(); });
  }));
}

TYPED_TEST(CoordinatorLinkContract, AnOverflowEndsInANewSnapshot) {
  this->Start();
  this->Connect();
  ASSERT_TRUE(
      this->harness_.Receives([&](const Messages& m) { return this->HasSnapshotOf(m, 0); }));
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < 20; ++i)
      this->node_.Put(this->link(), this->Domain(std::to_string(i), std::to_string(round)));
  }
  // Whatever was left out: snapshot and changes together come to the last state.
  EXPECT_TRUE(this->harness_.Receives([](const Messages& m) {
    std::map<std::string, std::string> state;
    for (const AgentMessage& one : m) {
      for (const auto& domain : one.snapshot().domains()) state[domain.uuid()] = domain.name();
      if (one.delta().has_domain())
        state[one.delta().domain().uuid()] = one.delta().domain().name();
    }
    return state.size() == 20 && std::all_of(state.begin(), state.end(), [](const auto& entry) {
             return entry.second == "199";
           });
  }));
}

TYPED_TEST(CoordinatorLinkContract, AResultComesOnEachStreamUntilItIsAcknowledged) {
  this->Start();
  this->node_.Finish(this->link(), "o1", "a");
  for (int i = 0; i < 3; ++i) {
    this->Connect();
    EXPECT_TRUE(
        this->harness_.Receives([&](const Messages& m) { return this->HasResult(m, "o1"); }));
    EXPECT_TRUE(this->harness_.Receives(
        [](const Messages& m) { return m[0].hello().open_orders_size() == 1; }));
    if (i < 2) this->Disconnect();
  }
  CoordinatorMessage ack;
  ack.mutable_result_ack()->set_id("o1");
  this->harness_.Deliver(ack);
  ASSERT_TRUE(this->node_.Eventually([&] { return this->node_.Acknowledged("o1"); }));
  this->Disconnect();
  this->Connect();
  EXPECT_TRUE(
      this->harness_.Receives([&](const Messages& m) { return this->HasSnapshotOf(m, 0); }));
  EXPECT_TRUE(this->harness_.Receives([&](const Messages& m) {
    return !this->HasResult(m, "o1") && m[0].hello().open_orders_size() == 0;
  }));
}

TYPED_TEST(CoordinatorLinkContract, OrdersAndCancellationsReachTheNode) {
  this->Start();
  this->Connect();
  CoordinatorMessage order;
  order.mutable_order()->set_id("o1");
  order.mutable_order()->set_domain_uuid("a");
  order.mutable_order()->mutable_enroll()->set_password("pw");
  this->harness_.Deliver(order);
  ASSERT_TRUE(this->node_.Eventually([&] { return this->node_.Received("o1") == 1; }));
  EXPECT_EQ(this->node_.last_order().enroll().password(), "pw");
  CoordinatorMessage cancel;
  cancel.mutable_cancel()->set_id("o1");
  this->harness_.Deliver(cancel);
  EXPECT_TRUE(this->node_.Eventually([&] { return this->node_.Cancelled("o1"); }));
}

TYPED_TEST(CoordinatorLinkContract, AnOrderThatMakesNoSenseIsAnsweredAtOnce) {
  this->Start();
  this->Connect();
  CoordinatorMessage order;
  order.mutable_order()->set_id("o1");
  order.mutable_order()->set_domain_uuid("a");
  this->harness_.Deliver(order);
  EXPECT_TRUE(this->harness_.Receives([&](const Messages& m) { return this->HasResult(m, "o1"); }));
  EXPECT_EQ(this->node_.Received("o1"), 0u);
}

TYPED_TEST(CoordinatorLinkContract, AResyncIsANewSnapshotWithTheNextNumber) {
  this->Start();
  this->Connect();
  ASSERT_TRUE(
      this->harness_.Receives([&](const Messages& m) { return this->HasSnapshotOf(m, 0); }));
  CoordinatorMessage resync;
  resync.mutable_resync()->set_reason("test");
  this->harness_.Deliver(resync);
  EXPECT_TRUE(this->harness_.Receives([](const Messages& m) {
    return std::any_of(m.begin(), m.end(), [](const AgentMessage& one) {
      return one.snapshot().last() && one.snapshot().sequence() == 1;
    });
  }));
}

TYPED_TEST(CoordinatorLinkContract, AWitnessedEndIsSaidAgainUntilItsNumberIsAcknowledged) {
  this->Start();
  this->node_.Put(this->link(), this->Domain("a"));
  this->Connect();
  this->Disconnect();
  this->node_.Remove(this->link(), "a", agent::v1::DomainGone::WHY_UNDEFINED);
  const auto named = [](const Messages& m) {
    return std::any_of(m.begin(), m.end(),
                       [](const AgentMessage& one) { return one.snapshot().gone_size() == 1; });
  };
  this->Connect();
  EXPECT_TRUE(this->harness_.Receives(named));
  this->Disconnect();
  this->Connect();
  EXPECT_TRUE(this->harness_.Receives(named));
  CoordinatorMessage ack;
  ack.mutable_ack()->set_sequence(0);
  this->harness_.Deliver(ack);
  CoordinatorMessage cancel;  // behind the ack: when it is seen, the ack was too
  cancel.mutable_cancel()->set_id("x");
  this->harness_.Deliver(cancel);
  ASSERT_TRUE(this->node_.Eventually([&] { return this->node_.Cancelled("x"); }));
  this->Disconnect();
  this->Connect();
  EXPECT_TRUE(
      this->harness_.Receives([&](const Messages& m) { return this->HasSnapshotOf(m, 0); }));
  EXPECT_TRUE(this->harness_.Receives([&](const Messages& m) { return !named(m); }));
}

}  // namespace
}  // namespace innkeeper
