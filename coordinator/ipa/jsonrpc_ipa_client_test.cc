#include "coordinator/ipa/jsonrpc_ipa_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <nlohmann/json.hpp>

#include "base/testing/fake_clock.h"
#include "coordinator/ipa/testing/fake_server_list.h"
#include "coordinator/ipa/testing/scripted_ipa.h"

namespace innkeeper {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// A scripted FreeIPA server per name, "ipa1" and "ipa2".
class ClientTest : public testing::Test {
 protected:
  using Intercept = std::optional<absl::StatusOr<HttpReply>>;
  struct Server {
    std::unique_ptr<ScriptedIpa> ipa;
    FakeHttpClient* http = nullptr;  // the IpaServer's
  };

  static Call InTime() { return Call::Within(std::chrono::seconds(20)); }
  static NewHost Host() {
    NewHost host;
    host.fqdn = Fqdn{"web.example.test"};
    host.owner = OwnerTag{ClusterId{"c1"}, {"lab", "web"}, VmUid{"u"}, std::nullopt};
    host.password = PasswordWish::kRandom;
    return host;
  }

  ScriptedIpa& Ipa(const std::string& name) {
    std::unique_ptr<ScriptedIpa>& ipa = servers_[name].ipa;
    if (!ipa)
      ipa = std::make_unique<ScriptedIpa>(
          [this](const std::string& m, const std::string& p) { return command_(m, p); });
    return *ipa;
  }
  absl::StatusOr<std::unique_ptr<IpaServer>> Make(const ServerAddress& address) {
    auto http = std::make_unique<FakeHttpClient>(Ipa(address.name).answer());
    servers_[address.name].http = http.get();
    return std::make_unique<IpaServer>(address, std::move(http),
                                       LoginParts{&account_, nullptr, &brake_, &metrics_});
  }
  // What happens to requests of /session/json at that server from now on.
  void At(const std::string& name, std::function<Intercept()> what) {
    Ipa(name).intercept = [what](const HttpRequest& request, const Call&) -> Intercept {
      if (!request.url.ends_with("/session/json")) return std::nullopt;
      return what();
    };
  }
  size_t Commands(const std::string& name) {
    return servers_[name].http ? servers_[name].http->Requests("/session/json").size() : 0;
  }

  FakeClock clock_;
  prometheus::Registry registry_;
  IpaMetrics metrics_{registry_};
  LoginBrake brake_{clock_};
  PasswordAccount account_{"svc", Secret("pw")};
  FakeServerList list_{{"ipa1", "ipa2"}};
  std::map<std::string, Server> servers_;
  ScriptedIpa::Command command_ = [](const std::string&, const std::string&) {
    return ScriptedIpa::Result{HostJson("web.example.test", R"(,"randompassword":"secret")")};
  };
  JsonRpcIpaClient client_{list_, [this](const ServerAddress& at) { return Make(at); }, clock_};
};

TEST_F(ClientTest, NamesTheServerThatHasThePassword) {
  const absl::StatusOr<IssuedPassword> added = client_.AddHost(Host(), InTime());
  ASSERT_TRUE(added.ok()) << ToText(added.status());
  EXPECT_EQ(added->password.Reveal(), "secret");
  EXPECT_EQ(added->server, "ipa1");
}

TEST_F(ClientTest, GoesToTheNextServerWhenOneCannotBeReached) {
  At("ipa1", [] { return absl::UnavailableError("connection refused"); });
  const absl::StatusOr<IssuedPassword> added = client_.AddHost(Host(), InTime());
  ASSERT_TRUE(added.ok()) << ToText(added.status());
  EXPECT_EQ(added->server, "ipa2");
  EXPECT_EQ(list_.failures("ipa1"), 1);
  ASSERT_TRUE(client_.ShowHost(Host().fqdn, InTime()).ok());
  EXPECT_EQ(Commands("ipa1"), 1u) << "the one that failed is not asked first again";
}

TEST_F(ClientTest, StaysAtAServerWhoseWriteHasAnUnknownOutcome) {
  At("ipa1", [] { return ServerError(500); });
  const absl::Status lost = client_.AddHost(Host(), InTime()).status();
  EXPECT_TRUE(absl::IsUnavailable(lost));
  EXPECT_TRUE(OutcomeUnknown(lost));
  EXPECT_EQ(Commands("ipa2"), 0u) << "two servers must not both create it";
  EXPECT_FALSE(client_.ShowHost(Host().fqdn, InTime()).ok());
  EXPECT_FALSE(client_.IssuePassword(Host().fqdn, InTime()).ok());
  EXPECT_EQ(Commands("ipa2"), 0u);
  EXPECT_TRUE(client_.ShowHost(Fqdn{"other.example.test"}, InTime()).ok());
  EXPECT_EQ(Commands("ipa2"), 1u) << "other hosts are free to go";
}

TEST_F(ClientTest, LeavesThatServerAfterFiveMinutes) {
  At("ipa1", [] { return ServerError(500); });
  EXPECT_TRUE(OutcomeUnknown(client_.AddHost(Host(), InTime()).status()));
  clock_.Advance(WritePins::kHold);
  EXPECT_EQ(client_.AddHost(Host(), InTime())->server, "ipa2");
}

TEST_F(ClientTest, LeavesThatServerOnceItAnswersAWrite) {
  bool broken = true;
  At("ipa1", [&]() -> Intercept {
    if (broken) return ServerError(500);
    return std::nullopt;
  });
  EXPECT_TRUE(OutcomeUnknown(client_.AddHost(Host(), InTime()).status()));
  broken = false;
  ASSERT_TRUE(client_.ShowHost(Host().fqdn, InTime()).ok());
  EXPECT_EQ(client_.IssuePassword(Host().fqdn, InTime())->server, "ipa1");
  broken = true;
  list_.ReportFailure("ipa1");
  EXPECT_EQ(client_.IssuePassword(Host().fqdn, InTime())->server, "ipa2");
}

TEST_F(ClientTest, TreatsAServersOwnTroubleAsUnknownForWritesAndTriesAnotherForReads) {
  int calls = 0;
  command_ = [&](const std::string&, const std::string&) -> ScriptedIpa::Result {
    if (++calls == 1) return {"", 4203, "DatabaseError", "trouble", ""};
    return {HostJson("web.example.test")};
  };
  EXPECT_TRUE(client_.ShowHost(Host().fqdn, InTime()).ok());
  calls = 0;
  const absl::Status lost = client_.IssuePassword(Host().fqdn, InTime()).status();
  EXPECT_TRUE(absl::IsUnavailable(lost)) << ToText(lost);
  EXPECT_TRUE(OutcomeUnknown(lost));
}

TEST_F(ClientTest, DoesNotAskAnotherServerAfterARefusal) {
  command_ = [](const std::string&, const std::string&) -> ScriptedIpa::Result {
    return {"", 2100, "ACIError", "Insufficient access", ""};
  };
  const absl::Status denied = client_.AddHost(Host(), InTime()).status();
  EXPECT_TRUE(absl::IsPermissionDenied(denied));
  EXPECT_FALSE(OutcomeUnknown(denied));
  EXPECT_EQ(Commands("ipa2"), 0u);
}

TEST_F(ClientTest, PassesOverAServerThatCannotProveWhoItIs) {
  At("ipa1", [] { return absl::PermissionDeniedError("self-signed certificate"); });
  EXPECT_EQ(client_.AddHost(Host(), InTime())->server, "ipa2");
  At("ipa2", [] { return absl::PermissionDeniedError("self-signed certificate"); });
  EXPECT_TRUE(absl::IsPermissionDenied(client_.AddHost(Host(), InTime()).status()))
      << "none can: for a person to repair";
}

TEST_F(ClientTest, TurnsTheEnrolledRefusalIntoAPrecondition) {
  command_ = [](const std::string&, const std::string&) -> ScriptedIpa::Result {
    return {"", 3009, "ValidationError", "invalid 'password': Password cannot be set", "password"};
  };
  EXPECT_TRUE(absl::IsFailedPrecondition(client_.IssuePassword(Host().fqdn, InTime()).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(client_.AddHost(Host(), InTime()).status()));
}

TEST_F(ClientTest, ReportsACollisionAsSomethingToTryAgain) {
  command_ = [](const std::string&, const std::string&) -> ScriptedIpa::Result {
    return {"", 4201, "MidairCollision", "change collided with another change", ""};
  };
  EXPECT_TRUE(absl::IsAborted(client_.AddHost(Host(), InTime()).status()));
}

TEST_F(ClientTest, ReadsBackATagThatItWroteAndBelievesTheReader) {
  const OwnerTag now = Host().owner;
  OwnerTag next = now, other = now;
  next.deleting_term = "1";
  other.deleting_term = "2";
  std::string there = now.Text();
  std::string after = next.Text();
  command_ = [&](const std::string& method, const std::string& params) -> ScriptedIpa::Result {
    if (method == "host_mod") {
      EXPECT_THAT(params, HasSubstr("delattr"));
      there = after;
    }
    return {HostJson("web.example.test", R"(,"userclass":[")" + there + R"("])")};
  };
  EXPECT_TRUE(client_.Retag(Host().fqdn, now, next, InTime()).ok());
  there = now.Text();
  after = other.Text();  // another writer was there between our write and our look
  EXPECT_TRUE(absl::IsAborted(client_.Retag(Host().fqdn, now, next, InTime())));
  there = other.Text();
  EXPECT_TRUE(absl::IsAborted(client_.Retag(Host().fqdn, now, next, InTime())));
}

TEST_F(ClientTest, RefusesHalfAListOfHosts) {
  command_ = [](const std::string&, const std::string&) -> ScriptedIpa::Result {
    return {R"({"result":[{"fqdn":["a.example.test"]}],"count":1,"truncated":true})"};
  };
  EXPECT_TRUE(absl::IsResourceExhausted(client_.FindHostsOf(ClusterId{"c1"}, InTime()).status()));
}

TEST_F(ClientTest, FindsHostsPageByPageAndSkipsThoseThatWent) {
  command_ = [](const std::string& method, const std::string& params) -> ScriptedIpa::Result {
    if (method == "host_find") {
      std::string list;
      for (int i = 0; i < 120; ++i)
        list += std::string(i ? "," : "") + R"({"fqdn":["h)" + std::to_string(i) +
                R"(.example.test"]})";
      return {R"({"result":[)" + list + R"(],"count":120,"truncated":false})"};
    }
    const std::string name = nlohmann::json::parse(params).at(0).at(0).get<std::string>();
    if (name == "h7.example.test") return {"", 4001, "NotFound", "gone", ""};
    const std::string cluster = name == "h8.example.test" ? "other" : "c1";
    return {HostJson(name, R"(,"userclass":["innkeeper:)" + cluster + R"(:lab/x:u"])")};
  };
  const auto found = client_.FindHostsOf(ClusterId{"c1"}, InTime());
  ASSERT_TRUE(found.ok()) << ToText(found.status());
  EXPECT_EQ(found->size(), 118u);
  EXPECT_LT(Commands("ipa1"), 40u) << "not one request per host";
}

TEST_F(ClientTest, KnowsThatADeletedHostIsDeleted) {
  command_ = [](const std::string&, const std::string&) -> ScriptedIpa::Result {
    return {"", 4001, "NotFound", "host not found", ""};
  };
  EXPECT_TRUE(client_.DeleteHost(Host().fqdn, InTime()).ok());
  EXPECT_TRUE(absl::IsNotFound(client_.ShowHost(Host().fqdn, InTime()).status()));
}

TEST_F(ClientTest, SaysThatNoServerIsKnown) {
  FakeServerList none{{}};
  JsonRpcIpaClient client(
      none, [this](const ServerAddress& at) { return Make(at); }, clock_);
  EXPECT_TRUE(absl::IsUnavailable(client.Facts(InTime()).status()));
}

}  // namespace
}  // namespace innkeeper
