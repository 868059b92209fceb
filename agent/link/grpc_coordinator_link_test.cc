#include "agent/link/grpc_coordinator_link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
using testing::ElementsAre;

class LinkThreadsTest : public testing::Test {
 protected:
  std::unique_ptr<GrpcCoordinatorLink> Make(std::vector<std::string> endpoints) {
    GrpcCoordinatorLink::Options options;
    options.endpoints = std::move(endpoints);
    options.retry = {std::chrono::milliseconds(1), std::chrono::milliseconds(5)};
    options.handover = std::chrono::milliseconds(200);
    auto link = GrpcCoordinatorLink::Create(options, centre_.Dialer(), clock_, random_, registry_);
    return *std::move(link);
  }
  static CoordinatorMessage Welcome(Duration heartbeat = std::chrono::seconds(10)) {
    CoordinatorMessage message;
    message.mutable_welcome()->mutable_heartbeat()->set_nanos(
        static_cast<int32_t>((heartbeat % std::chrono::seconds(1)).count()));
    message.mutable_welcome()->mutable_heartbeat()->set_seconds(heartbeat /
                                                                std::chrono::seconds(1));
    return message;
  }
  static bool HasSnapshot(const Messages& m) {
    return std::any_of(m.begin(), m.end(),
                       [](const AgentMessage& one) { return one.snapshot().last(); });
  }
  static uint64_t EpochOf(MemoryStream& stream) {
    uint64_t epoch = 0;
    stream.Eventually([&](const Messages& m) {
      if (m.empty()) return false;
      epoch = m[0].hello().epoch();
      return true;
    });
    return epoch;
  }

  MemoryCoordinator centre_;
  RealClock clock_;
  SystemRandom random_;
  prometheus::Registry registry_;
  FakeNode node_;
};

TEST_F(LinkThreadsTest, WithoutAnEndpointThereIsNoLink) {
  EXPECT_TRUE(absl::IsInvalidArgument(
      GrpcCoordinatorLink::Create({}, centre_.Dialer(), clock_, random_, registry_).status()));
}

TEST_F(LinkThreadsTest, EndpointsAreTriedInTurn) {
  const auto link = Make({"a:1", "b:2"});
  ASSERT_TRUE(link->Start(node_).ok());
  centre_.Stream(0)->End(absl::UnavailableError("no"));
  centre_.Stream(1)->End(absl::UnavailableError("no"));
  ASSERT_NE(centre_.Stream(2), nullptr);
  link->Stop(Call::Within(std::chrono::seconds(1)));
  auto dialled = centre_.dialled();
  dialled.resize(3);
  EXPECT_THAT(dialled, ElementsAre("a:1", "b:2", "a:1"));
}

TEST_F(LinkThreadsTest, EachStreamHasAHigherEpoch) {
  const auto link = Make({"a:1"});
  ASSERT_TRUE(link->Start(node_).ok());
  uint64_t last = 0;
  for (size_t n = 0; n < 5; ++n) {
    const auto stream = centre_.Stream(n);
    const uint64_t epoch = EpochOf(*stream);
    EXPECT_GT(epoch, last);
    last = epoch;
    stream->End(absl::UnavailableError("no"));
  }
  link->Stop(Call::Within(std::chrono::seconds(1)));
}

TEST_F(LinkThreadsTest, ARedirectIsFollowed) {
  const auto link = Make({"a:1"});
  ASSERT_TRUE(link->Start(node_).ok());
  CoordinatorMessage redirect;
  redirect.mutable_redirect()->set_endpoint("leader:9");
  centre_.Stream(0)->Put(redirect);
  ASSERT_NE(centre_.Stream(1), nullptr);
  EXPECT_TRUE(centre_.Stream(0)->over());
  EXPECT_EQ(centre_.dialled()[1], "leader:9");
  centre_.Stream(1)->End(absl::UnavailableError("no"));
  ASSERT_NE(centre_.Stream(2), nullptr);
  EXPECT_EQ(centre_.dialled()[2], "a:1") << "back to what is configured";
  link->Stop(Call::Within(std::chrono::seconds(1)));
}

TEST_F(LinkThreadsTest, HeartbeatsComeAsOftenAsTheCoordinatorAsks) {
  const auto link = Make({"a:1"});
  ASSERT_TRUE(link->Start(node_).ok());
  const auto stream = centre_.Stream(0);
  stream->Put(Welcome(std::chrono::milliseconds(100)));
  EXPECT_TRUE(stream->Eventually([](const Messages& m) {
    return std::count_if(m.begin(), m.end(),
                         [](const AgentMessage& one) { return one.has_heartbeat(); }) >= 3;
  }));
  link->Stop(Call::Within(std::chrono::seconds(1)));
}

TEST_F(LinkThreadsTest, AReloadOpensTheNewStreamBeforeItLeavesTheOld) {
  const auto link = Make({"a:1"});
  ASSERT_TRUE(link->Start(node_).ok());
  const auto old = centre_.Stream(0);
  old->Put(Welcome(std::chrono::milliseconds(100)));
  ASSERT_TRUE(node_.Eventually([&] { return node_.connected(); }));
  link->Reload();
  const auto fresh = centre_.Stream(1);
  ASSERT_TRUE(fresh->Eventually(HasSnapshot));
  EXPECT_GT(EpochOf(*fresh), EpochOf(*old));
  // Orders that are under way on the old stream still arrive.
  CoordinatorMessage order;
  order.mutable_order()->set_id("o1");
  order.mutable_order()->set_domain_uuid("a");
  order.mutable_order()->mutable_inspect();
  old->Put(order);
  EXPECT_TRUE(node_.Eventually([&] { return node_.Received("o1") == 1; }));
  old->End(absl::AbortedError("replaced"));
  CoordinatorMessage cancel;
  cancel.mutable_cancel()->set_id("o1");
  fresh->Put(cancel);
  EXPECT_TRUE(node_.Eventually([&] { return node_.Cancelled("o1"); }));
  EXPECT_EQ(node_.disconnects(), 0);
  link->Stop(Call::Within(std::chrono::seconds(1)));
}

TEST_F(LinkThreadsTest, AnOldStreamThatDoesNotEndIsCutOff) {
  const auto link = Make({"a:1"});
  ASSERT_TRUE(link->Start(node_).ok());
  const auto old = centre_.Stream(0);
  old->Put(Welcome(std::chrono::milliseconds(100)));
  ASSERT_TRUE(node_.Eventually([&] { return node_.connected(); }));
  link->Reload();
  const auto fresh = centre_.Stream(1);
  fresh->Put(Welcome(std::chrono::milliseconds(100)));
  CoordinatorMessage cancel;
  cancel.mutable_cancel()->set_id("x");
  fresh->Put(cancel);
  EXPECT_TRUE(node_.Eventually([&] { return node_.Cancelled("x"); })) << "read after the old one";
  EXPECT_TRUE(old->over());
  EXPECT_EQ(node_.disconnects(), 0);
  link->Stop(Call::Within(std::chrono::seconds(1)));
}

TEST_F(LinkThreadsTest, AFailedReloadKeepsTheOldStream) {
  const auto link = Make({"a:1"});
  ASSERT_TRUE(link->Start(node_).ok());
  const auto old = centre_.Stream(0);
  old->Put(Welcome(std::chrono::milliseconds(100)));
  ASSERT_TRUE(node_.Eventually([&] { return node_.connected(); }));
  centre_.Answer(false);
  link->Reload();
  agent::v1::Domain domain;
  domain.set_uuid("a");
  node_.Put(*link, domain);
  EXPECT_TRUE(old->Eventually([](const Messages& m) {
    return std::any_of(m.begin(), m.end(), [](const AgentMessage& one) {
      return one.delta().domain().uuid() == "a" || one.snapshot().domains_size() == 1;
    });
  }));
  EXPECT_FALSE(old->over());
  EXPECT_EQ(node_.disconnects(), 0);
  link->Stop(Call::Within(std::chrono::seconds(1)));
}

TEST_F(LinkThreadsTest, StopDoesNotWaitForACoordinatorThatHangs) {
  const auto link = Make({"a:1"});
  ASSERT_TRUE(link->Start(node_).ok());
  ASSERT_NE(centre_.Stream(0), nullptr);  // never welcomed
  const auto begun = std::chrono::steady_clock::now();
  link->Stop(Call::Within(std::chrono::seconds(5)));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(4));
}

}  // namespace
}  // namespace innkeeper
