// What the gRPC port lets in, and what it survives.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "tests/link/testing/raw_agent.h"
#include "tests/link/testing/test_agent.h"
#include "tests/link/testing/test_centre.h"

namespace innkeeper {
namespace {

const VmUid kVm1{TestUuid(1)};
constexpr int64_t kMegabyte = 1 << 20;

int64_t ResidentBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "VmRSS:") continue;
    int64_t kilobytes = 0;
    status >> kilobytes;
    return kilobytes * 1024;
  }
  return 0;
}

class PortTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(centre_.Start().ok()); }

  std::string Ca() { return centre_.issuers().Bundle(Authority::kCoordinator); }
  KeyPair Agent(const std::string& node, bool on_record = true,
                absl::Duration life = absl::Hours(1)) {
    if (on_record) {
      const std::string directory = centre_.dir().File(node);
      EXPECT_TRUE(centre_.Enlist(node, directory, life).ok());
      return *LoadKeyPair(directory);
    }
    return AgentOf(centre_.issuers(), node, life);
  }
  static KeyPair AgentOf(Issuers& issuers, const std::string& node, absl::Duration life) {
    const TestRequest request = MakeTestRequest();
    return {*issuers.IssueAgent({{node}, "demo"}, request.text, life), Secret(request.key)};
  }
  grpc::Status Greet(const std::optional<KeyPair>& pair) {
    RawAgent agent(centre_.endpoint(), Ca(), pair);
    return agent.Greet();
  }
  bool Holds(const VmUid& uid) {
    return centre_.home().Eventually([&] { return centre_.home().Find(uid).has_value(); });
  }

  // Longer than a busy machine takes for a handshake.
  TestCentre centre_{std::chrono::seconds(10)};
};

TEST_F(PortTest, OnlyAnAgentOnRecordIsLetIn) {
  EXPECT_TRUE(Greet(Agent("host1")).ok());

  FakeVault sibling_vault;
  RealClock clock;
  const auto sibling = *Issuers::Open(sibling_vault, {"c1"}, clock, TestCentre::Soon());
  const auto server = centre_.issuers().IssueServing({"127.0.0.1"}, absl::Hours(1));
  const auto person = centre_.issuers().IssueOperator("ada", "", absl::Hours(1));
  EXPECT_FALSE(Greet(std::nullopt).ok()) << "no certificate";
  EXPECT_FALSE(Greet(person->Copy()).ok()) << "an operator's";
  EXPECT_FALSE(Greet(server->Copy()).ok()) << "the coordinator's";
  EXPECT_FALSE(Greet(AgentOf(*sibling, "host1", absl::Hours(1))).ok()) << "a sibling authority's";
  EXPECT_FALSE(Greet(Agent("host1", true, -absl::Minutes(1))).ok()) << "expired";
  EXPECT_EQ(Greet(Agent("stranger", false)).error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_FALSE(RawAgent(centre_.endpoint()).Greet().ok()) << "without TLS";
  EXPECT_EQ(centre_.home().log(),
            (std::vector<std::string>{"connected host1", "disconnected host1"}));
}

TEST_F(PortTest, AnAgentDoesNotTrustAServerOfAnotherAuthority) {
  FakeVault sibling_vault;
  RealClock clock;
  const auto sibling = *Issuers::Open(sibling_vault, {"c1"}, clock, TestCentre::Soon());
  RawAgent agent(centre_.endpoint(), sibling->Bundle(Authority::kCoordinator), Agent("host1"));
  EXPECT_FALSE(agent.Greet().ok());
}

TEST_F(PortTest, ARevokedNodeIsRefused) {
  const KeyPair pair = Agent("host1");
  ASSERT_TRUE(centre_.Revoke("host1").ok());
  EXPECT_EQ(Greet(pair.Copy()).error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(PortTest, WhoIsSentAwayToAnotherCoordinatorIsNotCountedAsRefused) {
  const KeyPair pair = Agent("host1");
  centre_.SendAway(true);
  EXPECT_EQ(Greet(pair.Copy()).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(centre_.refused(), 0);
  centre_.SendAway(false);
  EXPECT_TRUE(Greet(pair.Copy()).ok());
  EXPECT_EQ(Greet(Agent("stranger", false)).error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(centre_.refused(), 1);
}

TEST_F(PortTest, OneNodeCannotAnswerForAnothersOrder) {
  TestAgent honest(centre_.endpoint());
  ASSERT_TRUE(centre_.Enlist("host1", honest.keys()).ok());
  honest.node().Put(honest.link(), TestDomain(1));
  honest.Start();
  ASSERT_TRUE(Holds(kVm1));
  ASSERT_TRUE(centre_.fleet().Verify(kVm1, {"a.b"}, "verify-1", TestCentre::Soon()).ok());

  RawAgent liar(centre_.endpoint(), Ca(), Agent("host2"));
  liar.Write(HelloMessage(1, {"verify-1"}));
  liar.Write(SnapshotMessage({1, 2}));
  liar.Write(ResultMessage("verify-1", 1));
  liar.Write(DeltaMessage(1, 3));  // behind the lie
  ASSERT_TRUE(Holds({TestUuid(3)}));
  EXPECT_EQ(centre_.home().Results("verify-1"), 0);
  EXPECT_EQ(centre_.home().Find(kVm1)->node.text, "host1");
}

TEST_F(PortTest, TheServingCertificateRotatesUnderALiveStream) {
  TestAgent agent(centre_.endpoint());
  ASSERT_TRUE(centre_.Enlist("host1", agent.keys()).ok());
  agent.Start();
  ASSERT_TRUE(agent.Connects());
  const KeyPair other = Agent("host2");
  RawAgent before(centre_.endpoint(), Ca(), other.Copy());
  ASSERT_TRUE(before.Greet(1).ok());

  const auto fresh = centre_.issuers().IssueServing({"127.0.0.1", "localhost"}, absl::Hours(9));
  ASSERT_TRUE(PublishKeyPair(centre_.dir().File("serving"), *fresh,
                             centre_.issuers().Bundle(Authority::kAgents))
                  .ok());
  const std::string serial = ReadCertificate(fresh->chain)->serial;
  // The watcher looks once a second; new connections show when it has.
  std::string seen;
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(15);
  for (uint64_t epoch = 2; seen != serial && std::chrono::steady_clock::now() < give_up; ++epoch) {
    RawAgent after(centre_.endpoint(), Ca(), other.Copy());
    ASSERT_TRUE(after.Greet(epoch).ok());
    seen = ReadCertificate(after.ServerCertificate())->serial;
  }
  EXPECT_EQ(seen, serial);
  EXPECT_NE(ReadCertificate(before.ServerCertificate())->serial, serial);
  agent.node().Put(agent.link(), TestDomain(1));
  EXPECT_TRUE(Holds(kVm1));
  EXPECT_EQ(agent.node().disconnects(), 0);
}

TEST_F(PortTest, AMessageOverTheCapEndsOnlyItsOwnStream) {
  TestAgent agent(centre_.endpoint());
  ASSERT_TRUE(centre_.Enlist("host1", agent.keys()).ok());
  agent.Start();
  ASSERT_TRUE(agent.Connects());

  RawAgent big(centre_.endpoint(), Ca(), Agent("host2"));
  ASSERT_TRUE(big.Greet().ok());
  agent::v1::AgentMessage message = SnapshotMessage({1});
  message.mutable_snapshot()->mutable_domains(0)->set_machine_unit(
      std::string(kMegabyte + 1000, 'x'));
  big.Write(message);
  EXPECT_FALSE(big.Finish().ok());

  RawAgent garbled(centre_.endpoint(), Ca(), Agent("host3"));
  ASSERT_TRUE(garbled.Greet().ok());
  message = SnapshotMessage({1});
  message.mutable_snapshot()->mutable_domains(0)->set_name("\xff\xfe");
  garbled.Write(message);
  garbled.Finish();  // it ends: what cannot be parsed is no message
  EXPECT_FALSE(centre_.home().Find({TestUuid(1)}).has_value());

  agent.node().Put(agent.link(), TestDomain(5));
  EXPECT_TRUE(Holds({TestUuid(5)}));
  EXPECT_EQ(agent.node().disconnects(), 0);
}

TEST_F(PortTest, AFloodCostsBoundedMemoryAndStarvesNobody) {
  TestAgent agent(centre_.endpoint());
  ASSERT_TRUE(centre_.Enlist("host1", agent.keys()).ok());
  agent.Start();
  ASSERT_TRUE(agent.Connects());
  RawAgent flood(centre_.endpoint(), Ca(), Agent("host2"));
  ASSERT_TRUE(flood.Greet().ok());
  ASSERT_TRUE(flood.Write(SnapshotMessage({1})));
  agent::v1::AgentMessage fat = DeltaMessage(1, 1);
  fat.mutable_delta()->mutable_domain()->set_machine_unit(std::string(100'000, 'x'));

  const int64_t before = ResidentBytes();
  std::atomic<bool> done = false;
  std::jthread writer([&] {
    for (uint64_t n = 1; !done; ++n) {
      fat.mutable_delta()->set_sequence(n);
      if (!flood.Write(fat)) return;
    }
  });
  for (int i = 10; i < 30; ++i) {
    agent.node().Put(agent.link(), TestDomain(i));
    EXPECT_TRUE(Holds({TestUuid(i)})) << "starved by the flood";
  }
  const int64_t grown = ResidentBytes() - before;
  done = true;
  flood.Cancel();
  EXPECT_LT(grown, 96 * kMegabyte);
  EXPECT_EQ(agent.node().disconnects(), 0);
}

TEST(SilentPeer, IsLetGo) {
  TestCentre centre(std::chrono::milliseconds(500));
  ASSERT_TRUE(centre.Start().ok());
  const std::string directory = centre.dir().File("host1");
  ASSERT_TRUE(centre.Enlist("host1", directory).ok());
  RawAgent silent(centre.endpoint(), centre.issuers().Bundle(Authority::kCoordinator),
                  *LoadKeyPair(directory));
  ASSERT_TRUE(silent.Greet().ok());
  EXPECT_EQ(silent.Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(PortTest, OneNodeHasAFewStreamsAtMost) {
  const KeyPair pair = Agent("host1");
  std::vector<std::unique_ptr<RawAgent>> streams;
  const auto open = [&] {
    streams.push_back(std::make_unique<RawAgent>(centre_.endpoint(), Ca(), pair.Copy()));
    streams.back()->Write({});  // no hello: the fleet replaces nothing, they pile up
  };
  for (int i = 0; i < 4; ++i) open();
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (centre_.service().streams() < 4 && std::chrono::steady_clock::now() < until)
    std::this_thread::yield();
  for (int i = 0; i < 4; ++i) {
    open();
    EXPECT_EQ(streams.back()->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  }
  EXPECT_EQ(centre_.service().streams(), 4u);
}

TEST_F(PortTest, StopEndsEveryStreamAndFreesThePort) {
  RawAgent agent(centre_.endpoint(), Ca(), Agent("host1"));
  ASSERT_TRUE(agent.Greet().ok());
  centre_.Stop();
  EXPECT_EQ(agent.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(centre_.home().Count("disconnected host1"), 1u);
  EXPECT_TRUE(centre_.Start().ok());
}

TEST_F(PortTest, ABrokenKeyPairRefusesToStart) {
  centre_.Stop();
  std::ofstream(centre_.dir().File("serving/current/tls.crt")) << "garbage";
  RealClock clock;
  AgentService::Options options;
  options.listen = "127.0.0.1:0";
  options.key_directory = centre_.dir().File("serving");
  FakeReports home;
  prometheus::Registry registry;
  FleetMetrics counters(registry);
  Fleet fleet(home, home, [] { return RealmFacts{}; }, clock, counters, {});
  EXPECT_FALSE(AgentService::Create(options, {}, fleet, clock, counters).ok());
}

}  // namespace
}  // namespace innkeeper
