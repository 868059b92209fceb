// Who is let in at each listener of the shipped program, and what becomes of the others: refused,
// counted, audited.

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <functional>

#include "base/api_client/api_client.h"
#include "innkeeper/admin/v1/admin.pb.h"
#include "tests/coordinator/testing/credentials.h"
#include "tests/coordinator/testing/running_coordinator.h"
#include "tests/link/testing/raw_agent.h"

namespace innkeeper {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const absl::Duration kLongAgo = absl::Hours(2);  // of certificates that live for one
Call Soon() { return Call::Within(std::chrono::seconds(20)); }

class RolesTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(coordinator_.Start()) << coordinator_.Said();
    made_.emplace(coordinator_.state_dir());
    Join("host1");
    Join("host2");
  }

  // By a token over the socket and the join path, as `innkeeper-agent join` does.
  void Join(const std::string& node) {
    admin::v1::CreateTokenRequest wish;
    wish.set_namespace_("demo");
    admin::v1::Token token;
    const auto socket = ApiClient::Create({.server = coordinator_.socket()});
    ASSERT_TRUE((*socket)->Send("POST", "/v1/tokens", &wish, &token, Soon()).ok());
    admin::v1::JoinRequest request;
    request.set_token(token.token());
    request.set_node(node);
    request.set_csr(MakeTestRequest().text);
    admin::v1::JoinResponse response;
    const absl::Status joined =
        Api(std::nullopt)->Send("POST", "/v1/agents:join", &request, &response, Soon());
    ASSERT_TRUE(joined.ok()) << joined;
  }

  std::unique_ptr<ApiClient> Api(const std::optional<KeyPair>& shown) {
    ApiOptions options;
    options.server = "https://" + coordinator_.Endpoint("api");
    options.ca_file = dir_.Write("ca.crt", made_->CoordinatorCa());
    if (shown) {
      options.certificate_file = dir_.Write("shown.crt", shown->chain);
      options.key_file = dir_.Write("shown.key", std::string(shown->key.Reveal()));
    }
    return *ApiClient::Create(options);
  }
  absl::Status ListGuests(const std::optional<KeyPair>& shown) {
    admin::v1::ListGuestsResponse guests;
    return Api(shown)->Send("GET", "/v1/guests", nullptr, &guests, Soon());
  }
  absl::Status Renew(const std::optional<KeyPair>& shown) {
    admin::v1::RenewRequest request;
    request.set_csr(MakeTestRequest().text);
    admin::v1::RenewResponse response;
    return Api(shown)->Send("POST", "/v1/agents:renew", &request, &response, Soon());
  }
  bool Connects(const std::optional<KeyPair>& shown) {
    RawAgent agent(coordinator_.Endpoint("agents"), made_->CoordinatorCa(), shown);
    return agent.Greet(++epoch_).ok();
  }

  double Refused(const std::string& listener, const std::string& reason) {
    return coordinator_.Metric("innkeeper_peers_refused_total{listener=\"" + listener +
                               "\",reason=\"" + reason + "\"}");
  }
  // The try is refused, counted once under this reason and under no other, and audited.
  void ExpectRefused(const std::string& who, const std::string& listener, const std::string& reason,
                     const std::function<bool()>& let_in) {
    const double before = Refused(listener, reason);
    EXPECT_FALSE(let_in()) << who << " at " << listener;
    EXPECT_TRUE(coordinator_.Eventually([&] { return Refused(listener, reason) > before; }))
        << who << " at " << listener << " is not counted as " << reason;
  }

  TempDir dir_, state_;
  RunningCoordinator coordinator_{state_.path()};
  std::optional<Credentials> made_;
  uint64_t epoch_ = 0;
};

struct Shown {
  std::string who;
  std::optional<KeyPair> pair;
  std::string reason;        // at the agents' port
  std::string admin_reason;  // at the HTTPS port's admin paths
};

std::vector<Shown> Strangers(Credentials& made) {
  std::vector<Shown> all;
  const auto add = [&all](std::string who, std::optional<KeyPair> pair, std::string agents,
                          std::string admin) {
    all.push_back({std::move(who), std::move(pair), std::move(agents), std::move(admin)});
  };
  add("nobody", std::nullopt, "missing", "missing");
  add("the coordinator's own", made.Server(), "wrong-usage", "untrusted");
  add("a sibling authority's agent", made.SiblingAgent("host1"), "untrusted", "untrusted");
  add("a sibling authority's operator", made.SiblingOperator("ada"), "untrusted", "untrusted");
  add("an expired agent", made.AgentAt("host1", kLongAgo), "expired", "expired");
  add("an expired operator", made.OperatorAt("ada", kLongAgo), "expired", "expired");
  add("an agent of tomorrow", made.AgentAt("host1", -kLongAgo), "not-yet-valid", "not-yet-valid");
  add("an operator of tomorrow", made.OperatorAt("ada", -kLongAgo), "not-yet-valid",
      "not-yet-valid");
  add("an agent made as a server", made.AgentAsServer("host1"), "wrong-usage", "wrong-usage");
  add("an operator made as a server", made.OperatorAsServer("ada"), "wrong-usage", "wrong-usage");
  add("an operator by the agents' authority", made.OperatorByAgentsAuthority("ada"), "untrusted",
      "untrusted");
  return all;
}

TEST_F(RolesTest, EachListenerLetsInWhoBelongsThere) {
  EXPECT_TRUE(Connects(made_->Agent("host1")));
  EXPECT_TRUE(ListGuests(made_->Operator("ada")).ok());
  EXPECT_TRUE(Renew(made_->Agent("host1")).ok());
  // Made by a coordinator whose clock was ahead: up to five minutes do not count.
  EXPECT_TRUE(Connects(made_->AgentAt("host1", -absl::Minutes(4))));
  EXPECT_TRUE(ListGuests(made_->OperatorAt("ada", -absl::Minutes(4))).ok());
  EXPECT_EQ(Refused("agents", "untrusted") + Refused("api", "untrusted"), 0);
}

TEST_F(RolesTest, TheAgentsPortRefusesEverybodyElse) {
  for (const Shown& shown : Strangers(*made_))
    ExpectRefused(shown.who, "agents", shown.reason, [&] { return Connects(shown.pair); });
  ExpectRefused("an operator", "agents", "wrong-role",
                [&] { return Connects(made_->Operator("ada")); });
  ExpectRefused("an agent that is not on record", "agents", "wrong-role",
                [&] { return Connects(made_->Agent("stranger")); });
  coordinator_.Stop();
  const std::string audit = coordinator_.Audited();
  EXPECT_THAT(audit, AllOf(HasSubstr("agents.connect"), HasSubstr("/node/demo/stranger"),
                           HasSubstr("/operator/ada"), HasSubstr("no certificate"),
                           HasSubstr("has expired"), HasSubstr("not yet valid")));
}

TEST_F(RolesTest, TheAdminPathsRefuseEverybodyElse) {
  for (const Shown& shown : Strangers(*made_))
    ExpectRefused(shown.who, "api", shown.admin_reason,
                  [&] { return ListGuests(shown.pair).ok(); });
  ExpectRefused("an agent", "api", "wrong-role",
                [&] { return ListGuests(made_->Agent("host1")).ok(); });
  coordinator_.Stop();
  EXPECT_THAT(coordinator_.Audited(),
              AllOf(HasSubstr("api.connect"), HasSubstr("guest.list"), HasSubstr("127.0.0.1"),
                    HasSubstr("/node/demo/host1"), HasSubstr("has expired")));
}

TEST_F(RolesTest, RenewalIsForAgentsOnRecord) {
  ExpectRefused("nobody", "api", "missing", [&] { return Renew(std::nullopt).ok(); });
  ExpectRefused("an operator", "api", "wrong-role",
                [&] { return Renew(made_->Operator("ada")).ok(); });
  ExpectRefused("a stranger", "api", "wrong-role",
                [&] { return Renew(made_->Agent("stranger")).ok(); });
}

TEST_F(RolesTest, ATokenIsNoCertificate) {
  const auto http = HttpClient::Create({.ca_pem = made_->CoordinatorCa()});
  HttpRequest request{.url = "https://" + coordinator_.Endpoint("api") + "/v1/guests"};
  request.headers = {{"Authorization", "Bearer abc"}};
  const auto reply = (*http)->Send(request, Soon());
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->status, 401);
  coordinator_.Stop();
  EXPECT_THAT(coordinator_.Audited(), HasSubstr("a bearer token"));
}

TEST_F(RolesTest, AGuessedJoinTokenIsRefusedCountedAndAudited) {
  admin::v1::JoinRequest request;
  request.set_token("abcdef.0123456789abcdef0123456789abcdef.00");
  request.set_node("host3");
  request.set_csr(MakeTestRequest().text);
  admin::v1::JoinResponse response;
  ExpectRefused("a guess", "api", "token", [&] {
    return Api(std::nullopt)->Send("POST", "/v1/agents:join", &request, &response, Soon()).ok();
  });
  coordinator_.Stop();
  EXPECT_THAT(coordinator_.Audited(), HasSubstr("node.join"));
}

TEST_F(RolesTest, TheMetricsPortTellsFiguresAndNothingElse) {
  EXPECT_THAT(coordinator_.Get("/metrics"), HasSubstr("innkeeper_peers_refused_total"));
  for (const char* path : {"/v1/guests", "/v1/tokens", "/v1/agents:join", "/v1/audit"})
    EXPECT_THAT(coordinator_.Get(path), HasSubstr(" 404 ")) << path;
}

TEST_F(RolesTest, TheSocketIsForItsOwnerAndGroup) {
  ASSERT_EQ(chmod(coordinator_.dir().path().c_str(), 0755),
            0);  // so that the socket's own mode counts
  const pid_t child = fork();
  if (child == 0) {
    // Another user, without groups. Only calls that are safe in a child of many threads.
    const std::string path = coordinator_.socket().substr(5);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(3);
    _exit(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), getuid() == 0 ? 1 : 0);
}

}  // namespace
}  // namespace innkeeper
