// Wall clocks that somebody sets while both programs run: no stream ends by it, no certificate is
// judged by it longer than it is wrong, and nobody waits for a time that went away.

#include <gmock/gmock.h>

#include <optional>

#include "base/api_client/api_client.h"
#include "innkeeper/admin/v1/admin.pb.h"
#include "tests/coordinator/testing/jumping_clock.h"
#include "tests/coordinator/testing/running_agent.h"
#include "tests/coordinator/testing/running_coordinator.h"

namespace innkeeper {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr int64_t kFiveMinutes = 300, kDay = 86'400;  // seconds
// Some heartbeats, and looks of everything that looks again and again.
constexpr Duration kWhile = std::chrono::milliseconds(1500);

class ClockTest : public testing::Test {
 protected:
  void SetUp() override {
    coordinator_.Set("agents.heartbeat", "500ms");
    ASSERT_TRUE(coordinator_.Start()) << coordinator_.Said();
    admin::v1::CreateTokenRequest wish;
    wish.set_namespace_("demo");
    admin::v1::Token token;
    ASSERT_TRUE(Ask("POST", "/v1/tokens", &wish, &token).ok());
    ASSERT_TRUE(agent_.Join("https://" + coordinator_.Endpoint("api"), "host1", token.token()))
        << agent_.Said();
    StartAgent();
    ASSERT_TRUE(coordinator_.Eventually([this] { return IsConnected(); })) << agent_.Said();
  }
  absl::Status Ask(const std::string& method, const std::string& path,
                   const google::protobuf::Message* body, google::protobuf::Message* answer) {
    const auto socket = ApiClient::Create({.server = coordinator_.socket()});
    return (*socket)->Send(method, path, body, answer, Call::Within(std::chrono::seconds(20)));
  }
  void StartAgent() { agent_.Start(coordinator_.Endpoint("agents")); }
  bool IsConnected() {
    admin::v1::ListNodesResponse nodes;
    return Ask("GET", "/v1/nodes", nullptr, &nodes).ok() && nodes.nodes_size() == 1 &&
           nodes.nodes(0).state() == "connected";
  }
  bool StaysConnected() {
    const auto end = std::chrono::steady_clock::now() + kWhile;
    while (std::chrono::steady_clock::now() < end) {
      if (!IsConnected()) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return true;
  }
  double Refused(const std::string& reason) {
    return coordinator_.Metric("innkeeper_peers_refused_total{listener=\"agents\",reason=\"" +
                               reason + "\"}");
  }

  TempDir state_;
  JumpingClock centre_, node_;
  RunningCoordinator coordinator_{state_.path(), centre_.Before()};
  RunningAgent agent_{node_.Before()};
};

TEST_F(ClockTest, NoStreamEndsWhoseverClockJumps) {
  for (JumpingClock* clock : {&node_, &centre_}) {
    for (const int64_t jump : {kFiveMinutes, -kFiveMinutes, kDay, -kDay, int64_t{0}}) {
      clock->Jump(jump);
      EXPECT_TRUE(StaysConnected()) << jump;
      EXPECT_THAT(coordinator_.Get("/readyz?verbose"), HasSubstr("200")) << jump;
    }
  }
  EXPECT_THAT(coordinator_.Said(), Not(HasSubstr("agent disconnected")));
  EXPECT_THAT(agent_.Said(), Not(HasSubstr("not renewed")));
  for (const char* reason : {"expired", "not-yet-valid", "untrusted"})
    EXPECT_EQ(Refused(reason), 0);
}

TEST_F(ClockTest, AnAgentThatStartsAnewAfterAJumpIsTaken) {
  for (const int64_t jump : {kFiveMinutes, -kFiveMinutes, kDay}) {
    for (JumpingClock* clock : {&node_, &centre_}) {
      clock->Jump(jump);
      agent_.Kill();
      ASSERT_TRUE(coordinator_.Eventually([this] { return !IsConnected(); }));
      StartAgent();
      EXPECT_TRUE(coordinator_.Eventually([this] { return IsConnected(); })) << jump;
    }
  }
}

// By yesterday's clock today's certificates are not valid yet: the truth, as far as it can be
// known. What counts is that nothing is thrown away meanwhile, and nobody waits for tomorrow.
TEST_F(ClockTest, YesterdaysClockRefusesAndForgetsNothing) {
  agent_.Kill();
  ASSERT_TRUE(coordinator_.Eventually([this] { return !IsConnected(); }));
  centre_.Jump(-kDay);
  StartAgent();
  EXPECT_TRUE(coordinator_.Eventually([this] { return Refused("not-yet-valid") > 0; }));
  EXPECT_FALSE(IsConnected());
  centre_.Jump(0);
  EXPECT_TRUE(coordinator_.Eventually([this] { return IsConnected(); })) << agent_.Said();

  agent_.Kill();
  ASSERT_TRUE(coordinator_.Eventually([this] { return !IsConnected(); }));
  node_.Jump(-kDay);
  StartAgent();
  EXPECT_TRUE(coordinator_.Eventually(
      [this] { return agent_.Said().find("no stream to the coordinator") != std::string::npos; }));
  EXPECT_FALSE(IsConnected());
  node_.Jump(0);
  EXPECT_TRUE(coordinator_.Eventually([this] { return IsConnected(); })) << agent_.Said();
}

}  // namespace
}  // namespace innkeeper
