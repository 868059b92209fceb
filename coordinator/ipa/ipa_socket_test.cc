// The whole client, from a command to the bytes on a TLS connection, against a FreeIPA that
// misbehaves: genuine curl, sessions and dispatchers; only the server is scripted.

#include <gmock/gmock.h>
#include <prometheus/registry.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "base/testing/test_pki.h"
#include "coordinator/ipa/host_commands.h"
#include "coordinator/ipa/jsonrpc_ipa_client.h"
#include "coordinator/ipa/testing/fake_server_list.h"
#include "coordinator/ipa/testing/scripted_ipa.h"
#include "coordinator/ipa/testing/tls_ipa.h"

namespace innkeeper {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;
using Then = TlsServer::Then;

class IpaSocketTest : public testing::Test {
 protected:
  static Call InTime() { return Call::Within(seconds(30)); }
  static Fqdn Name(const std::string& label = "web") { return Fqdn{label + ".example.test"}; }
  static NewHost Host() {
    NewHost host;
    host.fqdn = Name();
    host.owner = OwnerTag{ClusterId{"c1"}, {"lab", "web"}, VmUid{"u"}, std::nullopt};
    host.password = PasswordWish::kRandom;
    return host;
  }
  std::unique_ptr<TlsIpa> Make(const KeyPair& pair) {
    return std::make_unique<TlsIpa>(
        pair, [this](const std::string& m, const std::string& p) { return command_(m, p); });
  }
  std::unique_ptr<TlsIpa> Make(const std::string& name) {
    return Make(authority_.Sign({.names = {name}}));
  }
  absl::StatusOr<std::unique_ptr<IpaServer>> Connect(const ServerAddress& at) {
    HttpClient::Options http;
    http.ca_pem = authority_.certificate();
    http.unix_socket = at.name == "ipa1.example.test" ? first_path_ : second_->server().path();
    http.connections = 3;
    http.connect_timeout = seconds(1);  // as while several servers are known
    ASSIGN_OR_RETURN(auto client, HttpClient::Create(std::move(http)));
    return std::make_unique<IpaServer>(at, std::move(client),
                                       LoginParts{&account_, nullptr, &brake_, &metrics_});
  }
  absl::Status Show(const std::string& label = "web") {
    return client_->ShowHost(Name(label), InTime()).status();
  }

  const TestAuthority authority_;
  RealClock clock_;
  prometheus::Registry registry_;
  IpaMetrics metrics_{registry_};
  LoginBrake brake_{clock_};
  PasswordAccount account_{"svc", Secret("pw")};
  ScriptedIpa::Command command_ = [](const std::string&, const std::string& params) {
    const size_t from = params.find('"') + 1;
    return ScriptedIpa::Result{HostJson(params.substr(from, params.find('"', from) - from),
                                        R"(,"randompassword":"secret")")};
  };
  std::unique_ptr<TlsIpa> first_ = Make("ipa1.example.test");
  std::unique_ptr<TlsIpa> second_ = Make("ipa2.example.test");
  std::string first_path_ = first_->server().path();
  FakeServerList list_{{"ipa1.example.test", "ipa2.example.test"}};
  std::unique_ptr<JsonRpcIpaClient> client_ = std::make_unique<JsonRpcIpaClient>(
      list_, [this](const ServerAddress& at) { return Connect(at); }, clock_);
};

TEST_F(IpaSocketTest, AHealthyServerNeedsOneLoginAndOneRequest) {
  const auto added = client_->AddHost(Host(), InTime());
  ASSERT_TRUE(added.ok()) << added.status();
  EXPECT_EQ(added->password.Reveal(), "secret");
  EXPECT_EQ(first_->script().logins(), 1);
  EXPECT_EQ(first_->commands(), 1);
}

TEST_F(IpaSocketTest, AHungServerKeepsNoReadFromTheNext) {
  first_->Do(kJson, {"", Then::kHold});
  const auto began = std::chrono::steady_clock::now();
  const auto shown = client_->ShowHost(Name(), Call::Within(seconds(6)));
  EXPECT_TRUE(shown.ok()) << shown.status();
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(6));
  EXPECT_EQ(list_.failures("ipa1.example.test"), 1);
}

TEST_F(IpaSocketTest, AHungWriteEndsAtItsDeadlineWithUnknownOutcomeAndGoesNowhereElse) {
  first_->Do(kJson, {"", Then::kHold});
  const absl::Status late = client_->AddHost(Host(), Call::Within(seconds(2))).status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(late)) << late;
  EXPECT_TRUE(OutcomeUnknown(late));
  EXPECT_EQ(first_->commands(), 1);
  EXPECT_EQ(second_->server().requests(), 0);
}

TEST_F(IpaSocketTest, AServerThatRefusesIsPassedOver) {
  first_path_ += ".not-there";
  EXPECT_EQ(client_->AddHost(Host(), InTime())->server, "ipa2.example.test");
}

// Its port is open, and nobody is behind it.
TEST_F(IpaSocketTest, ADeafServerCostsOneSecond) {
  TempDir dir;
  first_path_ = dir.File("deaf.sock");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, first_path_.c_str(), sizeof address.sun_path - 1);
  const int deaf = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(bind(deaf, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(deaf, 8), 0);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(client_->AddHost(Host(), InTime())->server, "ipa2.example.test");
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(5)) << "one, on a busy machine";
  close(deaf);
}

TEST_F(IpaSocketTest, AnAnswerCutInTheMiddle) {
  first_->Do(kJson, {"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"resul", Then::kCut});
  EXPECT_TRUE(Show().ok()) << "a read goes to the next server";
  list_.ReportSuccess("ipa1.example.test");  // asked first again
  const int before = first_->commands();
  const absl::Status lost = client_->AddHost(Host(), InTime()).status();
  EXPECT_TRUE(OutcomeUnknown(lost)) << lost;
  EXPECT_EQ(first_->commands(), before + 1) << "never sent twice";
  EXPECT_EQ(second_->commands(), 1) << "the read's";
}

TEST_F(IpaSocketTest, AnExpiredSessionCostsOneLoginHoweverManyWait) {
  ASSERT_TRUE(Show().ok());
  first_->script().EndSessions();
  std::atomic<int> served = 0;
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 12; ++i)
      callers.emplace_back([&, i] { served += Show("vm" + std::to_string(i)).ok() ? 1 : 0; });
  }
  EXPECT_EQ(served, 12);
  EXPECT_EQ(first_->script().logins(), 2);
  EXPECT_EQ(second_->server().requests(), 0);
}

TEST_F(IpaSocketTest, AWriteRefusedForItsLoginIsSentAgainOnce) {
  first_->Do(kJson, {Bytes(CookieUnknown())}, 1);
  EXPECT_TRUE(client_->AddHost(Host(), InTime()).ok());
  EXPECT_EQ(first_->script().logins(), 2);
  EXPECT_EQ(first_->commands(), 2);
}

TEST_F(IpaSocketTest, AServerThatNeverAcceptsItsOwnSessionIsLeft) {
  first_->Do(kJson, {Bytes(SessionExpired())});
  EXPECT_TRUE(Show().ok());
  EXPECT_EQ(first_->script().logins(), 2);
  EXPECT_EQ(first_->commands(), 2);
  EXPECT_EQ(second_->commands(), 1);
}

TEST_F(IpaSocketTest, AnExpiredPasswordIsTriedOnce) {
  first_->Do(kLogin, {Bytes(LoginRefused("password-expired"))});
  const absl::Status refused = Show();
  EXPECT_TRUE(absl::IsPermissionDenied(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("has expired"));
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(Show().ok());
  EXPECT_EQ(first_->server().requests(), 1) << "six wrong passwords lock an account";
  EXPECT_EQ(second_->server().requests(), 0);
}

struct Nonsense {
  const char* name;
  std::string bytes;
  bool write_unknown;  // whether a write may have been done
};

class NonsenseTest : public IpaSocketTest, public testing::WithParamInterface<Nonsense> {};

TEST_P(NonsenseTest, LosesNoReadAndDoublesNoWrite) {
  first_->Do(kJson, {GetParam().bytes, Then::kCut});
  const absl::Status lost = client_->AddHost(Host(), InTime()).status();
  EXPECT_FALSE(lost.ok());
  EXPECT_EQ(OutcomeUnknown(lost), GetParam().write_unknown) << lost;
  EXPECT_EQ(first_->commands(), 1) << "never sent twice";
  EXPECT_EQ(second_->commands(), 0) << "nor to another server";
  EXPECT_THAT(ToText(lost), Not(HasSubstr("<html")));
}

std::string Reply(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}
const std::string kHead = R"({"error":null,"id":1,"principal":"x","version":"4","result":)";

INSTANTIATE_TEST_SUITE_P(
    Servers, NonsenseTest,
    testing::Values(
        Nonsense{"Unavailable", Reply("503 Service Unavailable", "<html>"), true},
        Nonsense{"Redirect",
                 "HTTP/1.1 302 F\r\nLocation: https://ipa2.example.test/ipa/x\r\n"
                 "Content-Length: 0\r\n\r\n",
                 false},
        Nonsense{"Html", Reply("200 OK", "<html>Identity Management</html>"), true},
        Nonsense{"Nothing", Reply("200 OK", ""), true},
        Nonsense{"HalfTheJson", Reply("200 OK", kHead + R"({"result":{"fqdn":["web)"), true},
        Nonsense{"AnotherId", Reply("200 OK", R"({"error":null,"id":77,"result":{}})"), true},
        Nonsense{"ResultOfAnotherShape", Reply("200 OK", kHead + "[1,2]}"), true},
        Nonsense{"CutAtOnce", "", true}),
    [](const auto& row) { return row.param.name; });

// Twenty commands at once, reads and writes in turn; most of them travel in batches.
class BatchTest : public IpaSocketTest {
 protected:
  struct Outcome {
    int read = 0, written = 0, unknown = 0, failed = 0;
  };
  Outcome RunTwenty() {
    std::vector<IpaCommand> commands;
    for (int i = 0; i < 20; ++i) {
      NewHost host = Host();
      host.fqdn = Name("vm" + std::to_string(i));
      commands.push_back(i % 2 == 0 ? *ShowHostCommand(host.fqdn) : *AddHostCommand(host));
    }
    const auto server = Connect({"ipa1.example.test", {}});
    Outcome outcome;
    int number = 0;
    for (const auto& answer : (*server)->dispatcher().RunAll(std::move(commands), InTime())) {
      const bool read = number++ % 2 == 0;
      if (answer.ok()) ++(read ? outcome.read : outcome.written);
      if (!answer.ok()) ++(OutcomeUnknown(answer.status()) ? outcome.unknown : outcome.failed);
    }
    return outcome;
  }
  // What the server says about a batch from now on, instead of `results`.
  void Spoil(std::function<void(nlohmann::json& results)> spoil) {
    first_->script().intercept = [this, spoil](const HttpRequest& request, const Call&) {
      std::optional<absl::StatusOr<HttpReply>> answer;
      if (request.body.find("\"batch\"") == std::string::npos) return answer;
      const auto asked = nlohmann::json::parse(request.body);
      nlohmann::json results = nlohmann::json::array();
      for (const auto& one : asked["params"][0][0]) {
        nlohmann::json result =
            nlohmann::json::parse(command_(one["method"], one["params"].dump()).object);
        result["error"] = nullptr;
        results.push_back(std::move(result));
      }
      spoil(results);
      const nlohmann::json reply{{"error", nullptr},
                                 {"id", asked["id"]},
                                 {"principal", "x"},
                                 {"version", "4"},
                                 {"result", {{"count", results.size()}, {"results", results}}}};
      answer = IpaJson(reply.dump());
      return answer;
    };
  }
  // Writes in all bodies that came, by host.
  void ExpectNoWriteTwice() {
    for (int i = 1; i < 20; i += 2) {
      const std::string host = "vm" + std::to_string(i) + ".example.test";
      size_t sent = 0;
      for (const std::string& body : first_->bodies())
        if (body.find("\"" + host + "\"") != std::string::npos) ++sent;
      EXPECT_LE(sent, 1u) << host;
    }
  }
};

TEST_F(BatchTest, TooFewResultsAreNobodysResults) {
  Spoil([](nlohmann::json& results) { results.erase(results.size() - 1); });
  const Outcome outcome = RunTwenty();
  EXPECT_EQ(outcome.read, 10) << "asked again, one by one";
  EXPECT_EQ(outcome.written + outcome.unknown, 10);
  EXPECT_GT(outcome.unknown, 0);
  ExpectNoWriteTwice();
}

TEST_F(BatchTest, TooManyResultsAreNobodysResults) {
  Spoil([](nlohmann::json& results) { results.push_back(results[0]); });
  const Outcome outcome = RunTwenty();
  EXPECT_EQ(outcome.read, 10);
  EXPECT_GT(outcome.unknown, 0);
  ExpectNoWriteTwice();
}

TEST_F(BatchTest, ASessionThatEndsInTheMiddleCostsOneLogin) {
  auto ended = std::make_shared<std::atomic<bool>>(false);
  first_->script().intercept = [this, ended](const HttpRequest& request, const Call&) {
    if (request.body.find("\"batch\"") != std::string::npos && !ended->exchange(true))
      first_->script().EndSessions();
    return std::optional<absl::StatusOr<HttpReply>>();
  };
  const Outcome outcome = RunTwenty();
  EXPECT_EQ(outcome.read + outcome.written, 20);
  EXPECT_EQ(first_->script().logins(), 2);
}

TEST_F(BatchTest, OneBadCommandSpoilsNoOther) {
  command_ = [](const std::string&, const std::string& params) {
    if (params.find("bad") != std::string::npos)
      return ScriptedIpa::Result{"", 4001, "NotFound", "bad.example.test: host not found", ""};
    const size_t from = params.find('"') + 1;
    return ScriptedIpa::Result{HostJson(params.substr(from, params.find('"', from) - from))};
  };
  std::atomic<int> good = 0, missing = 0;
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 20; ++i)
      callers.emplace_back([&, i] {
        const absl::Status shown = Show((i % 4 == 0 ? "bad" : "vm") + std::to_string(i));
        good += shown.ok() ? 1 : 0;
        missing += absl::IsNotFound(shown) ? 1 : 0;
      });
  }
  EXPECT_EQ(good, 15);
  EXPECT_EQ(missing, 5);
  EXPECT_EQ(first_->script().logins(), 1);
}

struct BadCertificate {
  const char* name;
  std::function<KeyPair(const TestAuthority&)> make;
};

class BadCertificateTest : public IpaSocketTest,
                           public testing::WithParamInterface<BadCertificate> {};

TEST_P(BadCertificateTest, IsSentNothing) {
  first_ = Make(GetParam().make(authority_));
  second_ = Make(GetParam().make(authority_));
  first_path_ = first_->server().path();
  const absl::Status refused = Show();
  EXPECT_TRUE(absl::IsPermissionDenied(refused)) << refused;
  EXPECT_EQ(first_->server().requests() + second_->server().requests(), 0) << "not even a password";
}

INSTANTIATE_TEST_SUITE_P(
    Servers, BadCertificateTest,
    testing::Values(
        BadCertificate{
            "UnknownAuthority",
            [](const TestAuthority&) {
              return TestAuthority().Sign({.names = {"ipa1.example.test", "ipa2.example.test"}});
            }},
        BadCertificate{"AnotherName",
                       [](const TestAuthority& authority) {
                         return authority.Sign({.names = {"other.example.test"}});
                       }},
        BadCertificate{"Expired",
                       [](const TestAuthority& authority) {
                         return authority.Sign({.names = {"ipa1.example.test", "ipa2.example.test"},
                                                .from = absl::Now() - absl::Hours(2),
                                                .until = absl::Now() - absl::Hours(1)});
                       }},
        BadCertificate{"AClients",
                       [](const TestAuthority& authority) {
                         return authority.Sign({.names = {"ipa1.example.test", "ipa2.example.test"},
                                                .usage = TestUsage::kClient});
                       }}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace innkeeper
