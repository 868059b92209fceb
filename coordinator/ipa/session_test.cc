#include "coordinator/ipa/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <latch>
#include <thread>

#include "base/testing/fake_clock.h"
#include "coordinator/guests/ipa_client.h"
#include "coordinator/ipa/testing/scripted_ipa.h"

namespace innkeeper {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Pair;

class FakeTickets final : public TicketSource {
 public:
  absl::StatusOr<Hold> Get(const std::string&, const std::string& address, const Call&) override {
    kdc = address;
    if (!failure.ok()) return failure;
    return Hold(mutex_);
  }
  void Discard() override { ++discarded; }
  absl::Status failure;
  std::string kdc;
  int discarded = 0;

 private:
  std::shared_timed_mutex mutex_;
};

class SessionTest : public testing::Test {
 protected:
  static ScriptedIpa::Result Ping(const std::string&, const std::string&) {
    return {R"({"summary":"IPA server version 4.12.4. API version 2.254"})"};
  }
  static Call InTime() { return Call::Within(std::chrono::seconds(20)); }
  absl::StatusOr<HttpReply> Post() {
    return session_.Post(R"({"method":"ping","params":[[],{}],"id":1})", InTime());
  }

  FakeClock clock_;
  prometheus::Registry registry_;
  IpaMetrics metrics_{registry_};
  LoginBrake brake_{clock_};
  PasswordAccount account_{"svc", Secret("p w&=\xc3\xa4")};
  ScriptedIpa ipa_{&Ping};
  FakeHttpClient http_{ipa_.answer()};
  IpaSession session_{"ipa.example.test", "10.0.0.1", http_,
                      LoginParts{&account_, nullptr, &brake_, &metrics_}};
};

TEST_F(SessionTest, LogsInOnceAndKeepsTheCookie) {
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Post().ok());
  EXPECT_EQ(ipa_.logins(), 1);
  EXPECT_EQ(http_.Requests("/session/json").size(), 3u);
}

TEST_F(SessionTest, SendsTheRefererWithEveryRequestAndThePasswordInNoUrl) {
  ASSERT_TRUE(Post().ok());
  for (const char* url : {"/ipa/session/login_password", "/ipa/session/json"}) {
    const auto requests = http_.Requests(url);
    ASSERT_EQ(requests.size(), 1u) << url;
    EXPECT_EQ(requests[0].url, std::string("https://ipa.example.test") + url);
    EXPECT_THAT(requests[0].headers, Contains(Pair("Referer", "https://ipa.example.test/ipa")));
  }
  const HttpRequest login = http_.Requests("/session/login_password")[0];
  EXPECT_EQ(login.body, "user=svc&password=p%20w%26%3D%C3%A4");
  EXPECT_TRUE(login.secret_body);
}

TEST_F(SessionTest, LogsInAgainExactlyOnceWhenTheSessionIsGone) {
  ASSERT_TRUE(Post().ok());
  ipa_.EndSessions();
  EXPECT_TRUE(Post().ok());
  EXPECT_EQ(ipa_.logins(), 2);
  EXPECT_EQ(http_.Requests("/session/json").size(), 3u) << "the same request, replayed once";
}

TEST_F(SessionTest, GivesUpWhenAFreshSessionIsRefusedToo) {
  ipa_.intercept = [](const HttpRequest& request,
                      const Call&) -> std::optional<absl::StatusOr<HttpReply>> {
    if (request.url.ends_with("/session/json")) return CookieUnknown();
    return std::nullopt;
  };
  EXPECT_TRUE(absl::IsUnavailable(Post().status()));
  EXPECT_EQ(ipa_.logins(), 2);
  EXPECT_EQ(http_.Requests("/session/json").size(), 2u);
}

TEST_F(SessionTest, NeverTriesARefusedPasswordAgainForAQuarterOfAnHour) {
  bool refuse = true;
  ipa_.intercept = [&](const HttpRequest& request,
                       const Call&) -> std::optional<absl::StatusOr<HttpReply>> {
    if (refuse && request.url.ends_with("/login_password")) return LoginRefused("invalid-password");
    return std::nullopt;
  };
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(absl::IsPermissionDenied(Post().status()));
  EXPECT_EQ(http_.Requests("/login_password").size(), 1u);
  clock_.Advance(LoginBrake::kHold - std::chrono::seconds(1));
  EXPECT_TRUE(absl::IsPermissionDenied(Post().status()));
  EXPECT_EQ(http_.Requests("/login_password").size(), 1u);
  refuse = false;
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_TRUE(Post().ok());
}

TEST_F(SessionTest, SharesARefusalWithTheOtherServersSessions) {
  brake_.Refused(absl::PermissionDeniedError("wrong password"));
  EXPECT_TRUE(absl::IsPermissionDenied(Post().status()));
  EXPECT_TRUE(http_.Requests("").empty());
}

TEST_F(SessionTest, LogsInOnceForManyCallersAtTheSameTime) {
  constexpr int kCallers = 16;
  std::latch ready(kCallers);
  std::vector<std::jthread> callers;
  std::atomic<int> fine = 0;
  for (int i = 0; i < kCallers; ++i)
    callers.emplace_back([&] {
      ready.arrive_and_wait();
      if (Post().ok()) ++fine;
    });
  callers.clear();
  EXPECT_EQ(fine, kCallers);
  EXPECT_EQ(ipa_.logins(), 1);
}

TEST_F(SessionTest, TellsWhetherARequestMayHaveReachedTheServer) {
  ASSERT_TRUE(Post().ok());
  ipa_.intercept = [](const HttpRequest&, const Call&) -> std::optional<absl::StatusOr<HttpReply>> {
    return absl::UnavailableError("connection refused");
  };
  absl::Status failed = Post().status();
  EXPECT_TRUE(absl::IsUnavailable(failed));
  EXPECT_FALSE(OutcomeUnknown(failed));
  ipa_.intercept = [](const HttpRequest&, const Call&) -> std::optional<absl::StatusOr<HttpReply>> {
    return ServerError(500);
  };
  failed = Post().status();
  EXPECT_TRUE(absl::IsUnavailable(failed));
  EXPECT_TRUE(OutcomeUnknown(failed));
}

TEST_F(SessionTest, SaysThatACertificateDoesNotVerify) {
  ipa_.intercept = [](const HttpRequest&, const Call&) -> std::optional<absl::StatusOr<HttpReply>> {
    return absl::PermissionDeniedError("self-signed certificate");
  };
  const absl::Status failed = Post().status();
  EXPECT_TRUE(absl::IsUnavailable(failed)) << "another server may be the real one";
  EXPECT_TRUE(failed.GetPayload(kUntrustedServer).has_value());
  EXPECT_TRUE(brake_.Check().ok());
}

TEST_F(SessionTest, AsksForATicketWhenTheAccountHasAKeytab) {
  FakeTickets tickets;
  IpaSession session("ipa.example.test", "10.0.0.1", http_,
                     LoginParts{nullptr, &tickets, &brake_, &metrics_});
  ASSERT_TRUE(session.Post(R"({"method":"ping","params":[[],{}],"id":1})", InTime()).ok());
  const auto logins = http_.Requests("/ipa/session/login_kerberos");
  ASSERT_EQ(logins.size(), 1u);
  EXPECT_EQ(logins[0].login, HttpRequest::Login::kNegotiate);
  EXPECT_THAT(logins[0].headers, Contains(Pair("Referer", "https://ipa.example.test/ipa")));
  EXPECT_EQ(tickets.kdc, "10.0.0.1");
}

TEST_F(SessionTest, FetchesANewTicketAfterTheServerRefusedOne) {
  FakeTickets tickets;
  IpaSession session("ipa.example.test", "10.0.0.1", http_,
                     LoginParts{nullptr, &tickets, &brake_, &metrics_});
  ipa_.intercept = [](const HttpRequest&, const Call&) -> std::optional<absl::StatusOr<HttpReply>> {
    return CookieUnknown();
  };
  const absl::Status failed = session.Post("{}", InTime()).status();
  EXPECT_TRUE(absl::IsUnavailable(failed)) << ToText(failed);
  EXPECT_EQ(tickets.discarded, 1);
  EXPECT_TRUE(brake_.Check().ok()) << "no password was wrong";
}

TEST_F(SessionTest, ReportsAnUnreadableKeytabAsSomethingForAPerson) {
  FakeTickets tickets;
  tickets.failure = absl::FailedPreconditionError("no such keytab");
  IpaSession session("ipa.example.test", "10.0.0.1", http_,
                     LoginParts{nullptr, &tickets, &brake_, &metrics_});
  EXPECT_TRUE(absl::IsPermissionDenied(session.Post("{}", InTime()).status()));
}

TEST_F(SessionTest, RefusesALoginThatGivesNoCookie) {
  ipa_.intercept = [](const HttpRequest&, const Call&) -> std::optional<absl::StatusOr<HttpReply>> {
    return LoginAccepted("");
  };
  EXPECT_TRUE(absl::IsInternal(Post().status()));
}

}  // namespace
}  // namespace innkeeper
