// Replacing the authorities of the shipped program, by its own commands, with nodes connected.

#include <gmock/gmock.h>

#include <array>
#include <cstdio>
#include <map>

#include "base/api_client/api_client.h"
#include "innkeeper/admin/v1/admin.pb.h"
#include "tests/coordinator/testing/credentials.h"
#include "tests/coordinator/testing/running_coordinator.h"
#include "tests/link/testing/raw_agent.h"

namespace innkeeper {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Call Soon() { return Call::Within(std::chrono::seconds(20)); }

// What a node keeps: its certificate, and whom it trusts as the coordinator.
struct Node {
  KeyPair pair;
  std::string ca;
};

class AuthoritiesTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(coordinator_.Start()) << coordinator_.Said(); }

  // `innkeeper-coordinator ca ...`: what it said, and its exit code at the end.
  std::string Ca(const std::string& words) {
    const std::string command = std::string(INNKEEPER_COORDINATOR_PROGRAM) +
                                " --set listen.socket=" + coordinator_.socket() + " ca " + words +
                                " 2>&1; echo exit $?";
    FILE* pipe = popen(command.c_str(), "r");
    std::array<char, 4096> bytes;
    std::string said;
    while (const size_t size = fread(bytes.data(), 1, bytes.size(), pipe))
      said.append(bytes.data(), size);
    pclose(pipe);
    return said;
  }
  admin::v1::Authority Show(const std::string& name) {
    admin::v1::ListAuthoritiesResponse all;
    const auto socket = ApiClient::Create({.server = coordinator_.socket()});
    EXPECT_TRUE((*socket)->Send("GET", "/v1/authorities", nullptr, &all, Soon()).ok());
    for (const admin::v1::Authority& one : all.authorities()) {
      if (one.name() == name) return one;
    }
    return {};
  }
  std::unique_ptr<ApiClient> Api(const Node& node) {
    ApiOptions options;
    options.server = "https://" + coordinator_.Endpoint("api");
    options.ca_file = dir_.Write("ca.crt", node.ca);
    if (!node.pair.chain.empty()) {
      options.certificate_file = dir_.Write("shown.crt", node.pair.chain);
      options.key_file = dir_.Write("shown.key", std::string(node.pair.key.Reveal()));
    }
    return *ApiClient::Create(options);
  }
  std::string Token() {
    admin::v1::CreateTokenRequest wish;
    wish.set_namespace_("demo");
    admin::v1::Token token;
    const auto socket = ApiClient::Create({.server = coordinator_.socket()});
    EXPECT_TRUE((*socket)->Send("POST", "/v1/tokens", &wish, &token, Soon()).ok());
    return token.token();
  }
  Node Join(const std::string& name) {
    admin::v1::JoinRequest request;
    TestRequest made = MakeTestRequest();
    request.set_token(Token());
    request.set_node(name);
    request.set_csr(made.text);
    admin::v1::JoinResponse answer;
    const Node nobody{{}, Show("coordinator").bundle()};
    const absl::Status joined =
        Api(nobody)->Send("POST", "/v1/agents:join", &request, &answer, Soon());
    EXPECT_TRUE(joined.ok()) << joined;
    return {{answer.certificate(), Secret(made.key)}, answer.ca()};
  }
  void Renew(Node& node) {
    admin::v1::RenewRequest request;
    TestRequest made = MakeTestRequest();
    request.set_csr(made.text);
    admin::v1::RenewResponse answer;
    const absl::Status renewed =
        Api(node)->Send("POST", "/v1/agents:renew", &request, &answer, Soon());
    EXPECT_TRUE(renewed.ok()) << renewed;
    node = {{answer.certificate(), Secret(made.key)}, answer.ca()};
  }
  std::unique_ptr<RawAgent> Connect(const Node& node) {
    auto agent =
        std::make_unique<RawAgent>(coordinator_.Endpoint("agents"), node.ca, node.pair.Copy());
    return agent->Greet(++epoch_).ok() ? std::move(agent) : nullptr;
  }
  // Certificates that live this long ago end in another second than those of now.
  static void NextSecond() {
    const int64_t now = absl::ToUnixSeconds(absl::Now());
    RunningCoordinator::Eventually([now] { return absl::ToUnixSeconds(absl::Now()) > now; });
  }

  TempDir dir_, state_;
  RunningCoordinator coordinator_{state_.path()};
  uint64_t epoch_ = 0;
};

TEST_F(AuthoritiesTest, TheCoordinatorsIsNotPromotedBeforeEveryNodeConnectedKnowingTheNext) {
  Node first = Join("host1"), second = Join("host2");
  const Node old = {first.pair.Copy(), first.ca};
  const auto stays = Connect(first);
  ASSERT_NE(stays, nullptr);
  NextSecond();

  EXPECT_THAT(Ca("promote coordinator"), AllOf(HasSubstr("no next"), HasSubstr("exit 1")));
  EXPECT_THAT(Ca("prepare coordinator"),
              AllOf(HasSubstr("next"), HasSubstr("host1, host2"), HasSubstr("exit 0")));
  EXPECT_THAT(Ca("prepare coordinator"), HasSubstr("exit 1"));

  Renew(first);
  EXPECT_THAT(Ca("promote coordinator"), AllOf(HasSubstr("host1, host2"), HasSubstr("exit 1")))
      << "that it was told is not proven before it shows what came with it";
  ASSERT_NE(Connect(first), nullptr);
  Renew(second);
  ASSERT_NE(Connect(second), nullptr);
  EXPECT_THAT(Ca("list"), Not(HasSubstr("cut off")));
  const std::string next = Show("coordinator").next().sha256();
  EXPECT_THAT(Ca("promote coordinator"), AllOf(HasSubstr("trusted"), HasSubstr("exit 0")));
  EXPECT_EQ(Show("coordinator").signing().sha256(), next);
  EXPECT_EQ(Show("coordinator").previous_size(), 1);

  // The port serves by the new one soon, without an end of streams; whoever was told goes on.
  EXPECT_TRUE(RunningCoordinator::Eventually([&] { return Connect(old) == nullptr; }));
  EXPECT_NE(Connect(first), nullptr);
  EXPECT_NE(Connect(second), nullptr);
  Renew(first);
  EXPECT_NE(Connect(Join("host3")), nullptr);
  EXPECT_TRUE(Token().ends_with(next));
  EXPECT_THAT(Ca("bundle coordinator"), HasSubstr("BEGIN CERTIFICATE"));
  EXPECT_THAT(coordinator_.Audited(),
              AllOf(HasSubstr("authority.prepare"), HasSubstr("authority.promote")));
}

TEST_F(AuthoritiesTest, ForceCutsOffAndARevokedNodeHoldsNothing) {
  const Node node = Join("host1");
  EXPECT_THAT(Ca("prepare coordinator"), HasSubstr("exit 0"));
  EXPECT_THAT(Ca("promote coordinator --force"), HasSubstr("exit 0"));
  EXPECT_TRUE(RunningCoordinator::Eventually([&] { return Connect(node) == nullptr; }));
  EXPECT_THAT(Ca("prepare coordinator"), HasSubstr("host1"));
  const auto socket = ApiClient::Create({.server = coordinator_.socket()});
  ASSERT_TRUE((*socket)->Send("POST", "/v1/nodes/host1:revoke", nullptr, nullptr, Soon()).ok());
  EXPECT_THAT(Ca("promote coordinator"), HasSubstr("exit 0"));
}

TEST_F(AuthoritiesTest, ThoseOfAgentsAndOperatorsArePromotedWithoutAnybodyCutOff) {
  Node node = Join("host1");
  for (const std::string name : {"agents", "operators"}) {
    EXPECT_THAT(Ca("prepare " + name), AllOf(Not(HasSubstr("cut off")), HasSubstr("exit 0")));
    EXPECT_THAT(Ca("promote " + name), HasSubstr("exit 0"));
  }
  EXPECT_TRUE(RunningCoordinator::Eventually([&] { return Connect(node) != nullptr; }));
  EXPECT_TRUE(RunningCoordinator::Eventually([&] { return Connect(Join("host2")) != nullptr; }));
  Renew(node);
  EXPECT_NE(Connect(node), nullptr);
  EXPECT_THAT(Ca("promote everybody"), AllOf(HasSubstr("no authority"), HasSubstr("exit 1")));
}

}  // namespace
}  // namespace innkeeper
