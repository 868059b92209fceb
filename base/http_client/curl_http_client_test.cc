// What the client makes of good, broken and hostile servers. TLS between our own two ends is tested
// with the server.

#include <gmock/gmock.h>

#include <chrono>
#include <future>

#include "base/http_client/http_client.h"
#include "base/http_client/testing/scripted_server.h"
#include "base/testing/test_pki.h"

namespace innkeeper {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kHello[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

std::unique_ptr<HttpClient> ClientOf(const std::string& socket, HttpClient::Options options = {}) {
  options.unix_socket = socket;
  absl::StatusOr<std::unique_ptr<HttpClient>> client = HttpClient::Create(std::move(options));
  IK_CHECK(client.ok());
  return *std::move(client);
}

HttpRequest Request(const std::string& method, const std::string& path = "/") {
  return {.method = method, .url = "http://server" + path};
}

absl::StatusOr<HttpReply> Send(HttpClient& client, HttpRequest request) {
  return client.Send(std::move(request), Call::Within(seconds(20)));
}

TEST(HttpClientCreate, RefusesToGoWithoutAnAuthorityToTrust) {
  EXPECT_TRUE(absl::IsInvalidArgument(HttpClient::Create({}).status()));
}

TEST(HttpClientCreate, RefusesAPinThatIsNoDigest) {
  for (const std::string& pin : {std::string("abc"), std::string(64, 'g'), std::string(63, 'a')}) {
    EXPECT_TRUE(absl::IsInvalidArgument(
        HttpClient::Create({.ca_file = "/ca", .pinned_spki_sha256 = pin}).status()));
  }
}

TEST(HttpClientSend, HandsOverStatusHeadersAndBody) {
  ScriptedServer server(
      {{.steps = {"HTTP/1.1 404 Not Found\r\nX-Two:  b \r\nX-TWO: c\r\nX-Empty:\r\n"
                  "Content-Length: 4\r\n\r\ngone"}}});
  const auto client = ClientOf(server.path());
  const absl::StatusOr<HttpReply> reply = Send(*client, Request("GET", "/x?y=1"));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->status, 404);
  EXPECT_EQ(reply->body, "gone");
  EXPECT_EQ(reply->Header("x-two"), "b");
  EXPECT_EQ(reply->Header("x-empty"), "");
  EXPECT_EQ(reply->Header("absent"), "");
  EXPECT_THAT(server.heads(), ElementsAre(HasSubstr("GET /x?y=1 HTTP/1.1\r\n")));
}

TEST(HttpClientSend, SendsMethodHeadersAndBodyAsGiven) {
  ScriptedServer server({{.steps = {kHello}}});
  const auto client = ClientOf(server.path());
  HttpRequest request = Request("PATCH");
  request.headers = {{"Content-Type", "application/json"}, {"X-Empty", ""}};
  request.body = std::string("a\0b", 3);
  ASSERT_TRUE(Send(*client, std::move(request)).ok());
  EXPECT_THAT(server.heads(),
              ElementsAre(AllOf(HasSubstr("PATCH / HTTP/1.1\r\n"),
                                HasSubstr("Content-Type: application/json\r\n"),
                                HasSubstr("X-Empty:\r\n"), HasSubstr("Content-Length: 3\r\n"),
                                Not(HasSubstr("Expect")), Not(HasSubstr("urlencoded")))));
}

TEST(HttpClientSend, ShowsItsBearerTokenAsAHeader) {
  ScriptedServer server({{.steps = {kHello}}});
  const auto client = ClientOf(server.path());
  HttpRequest request = Request("GET");
  request.bearer = std::make_shared<const Secret>(std::string("to.ken"));
  ASSERT_TRUE(Send(*client, request).ok());
  EXPECT_THAT(server.heads(), ElementsAre(HasSubstr("\r\nAuthorization: Bearer to.ken\r\n")));
  request.bearer = std::make_shared<const Secret>(std::string("to\nken"));
  EXPECT_TRUE(absl::IsInvalidArgument(Send(*client, request).status()));
}

TEST(HttpClientCreate, RefusesACertificateWithoutItsKey) {
  EXPECT_TRUE(absl::IsInvalidArgument(
      HttpClient::Create({.ca_file = "/ca", .certificate_pem = "x"}).status()));
}

TEST(HttpClientSend, RefusesWhatWouldBreakOutOfItsLine) {
  ScriptedServer server({});
  const auto client = ClientOf(server.path());
  HttpRequest header = Request("GET");
  header.headers = {{"X-A", "b\r\nX-Evil: 1"}};
  HttpRequest name = Request("GET");
  name.headers = {{"X-A: b\nX-Evil", "1"}};
  for (const HttpRequest& request : {Request("GET / HTTP/1.1\r\nX: y"), Request("get"), Request(""),
                                     Request("GET", "/\r\n"), header, name}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Send(*client, request).status())) << request.method;
  }
  EXPECT_THAT(server.heads(), SizeIs(0));
}

TEST(HttpClientSend, SpeaksOnlyHttp) {
  ScriptedServer server({});
  const auto client = ClientOf(server.path());
  for (const char* url : {"file:///etc/passwd", "ftp://server/", "gopher://server/", "nonsense:"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Send(*client, {.url = url}).status())) << url;
  }
}

TEST(HttpClientSend, SpeaksPlainHttpOnlyOverAUnixSocket) {
  const TestAuthority authority;
  const auto client = HttpClient::Create({.ca_pem = authority.certificate()});
  ASSERT_TRUE(client.ok());
  const auto reply = Send(**client, {.url = "http://127.0.0.1:1/"});
  EXPECT_TRUE(absl::IsInvalidArgument(reply.status())) << reply.status();
}

TEST(HttpClientSend, FollowsNoRedirect) {
  ScriptedServer server({{.steps = {"HTTP/1.1 302 Found\r\nLocation: http://server/elsewhere\r\n"
                                    "Content-Length: 0\r\n\r\n"}}});
  const auto client = ClientOf(server.path());
  const absl::StatusOr<HttpReply> reply = Send(*client, Request("GET"));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->status, 302);
  EXPECT_THAT(server.heads(), SizeIs(1));
}

TEST(HttpClientSend, IgnoresTheEnvironmentsProxy) {
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  ScriptedServer server({{.steps = {kHello}}});
  EXPECT_TRUE(Send(*ClientOf(server.path()), Request("GET")).ok());
  unsetenv("http_proxy");
}

TEST(HttpClientSend, UsesAConnectionAgain) {
  ScriptedServer server({{.steps = {kHello, kHello, kHello}}});
  const auto client = ClientOf(server.path());
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Send(*client, Request("POST")).ok());
}

TEST(HttpClientSend, NobodyThereMeansNotSent) {
  const TempDir dir;
  const auto client = ClientOf(dir.File("absent.sock"));
  const absl::Status failure = Send(*client, Request("POST")).status();
  EXPECT_TRUE(absl::IsUnavailable(failure)) << failure;
  EXPECT_FALSE(WasSent(failure));
}

TEST(HttpClientSend, ACutAfterTheRequestMeansMaybeSent) {
  ScriptedServer server({{.steps = {""}}});
  const auto client = ClientOf(server.path());
  const absl::Status failure = Send(*client, Request("POST")).status();
  EXPECT_TRUE(absl::IsUnavailable(failure)) << failure;
  EXPECT_TRUE(WasSent(failure));
}

TEST(HttpClientSend, ACutInsideTheAnswerIsNoAnswer) {
  ScriptedServer server({{.steps = {"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf"}}});
  const auto client = ClientOf(server.path());
  const absl::Status failure = Send(*client, Request("GET")).status();
  EXPECT_TRUE(absl::IsUnavailable(failure)) << failure;
  EXPECT_TRUE(WasSent(failure));
}

// curl by itself sends again when a kept connection dies without an answer.
TEST(HttpClientSend, NeverSendsAChangeTwice) {
  ScriptedServer server({{.steps = {kHello, ""}}, {.steps = {kHello}}});
  const auto client = ClientOf(server.path());
  ASSERT_TRUE(Send(*client, Request("POST", "/first")).ok());
  const absl::Status failure = Send(*client, Request("POST", "/second")).status();
  EXPECT_TRUE(absl::IsUnavailable(failure)) << failure;
  EXPECT_TRUE(WasSent(failure));
  EXPECT_THAT(server.heads(), ElementsAre(HasSubstr("/first"), HasSubstr("/second")));
}

TEST(HttpClientSend, ReadsAgainOverAFreshConnection) {
  ScriptedServer server({{.steps = {kHello, ""}}, {.steps = {kHello}}});
  const auto client = ClientOf(server.path());
  ASSERT_TRUE(Send(*client, Request("GET", "/first")).ok());
  EXPECT_TRUE(Send(*client, Request("GET", "/second")).ok());
  EXPECT_THAT(server.heads(), SizeIs(3));
}

TEST(HttpClientSend, RefusesAnAnswerBeyondTheCap) {
  const std::string body(1000, 'x');
  const std::string sized = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + body;
  const std::string endless = "HTTP/1.1 200 OK\r\n\r\n" + body;
  std::string head = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 1000; ++i)
    head += "X-" + std::to_string(i) + ": " + std::string(90, 'y') + "\r\n";
  for (const std::string& answer : {sized, endless, head + "\r\n"}) {
    ScriptedServer server({{.steps = {answer}}});
    const auto client = ClientOf(server.path(), {.reply_cap = 999});
    const absl::Status failure = Send(*client, Request("GET")).status();
    EXPECT_TRUE(absl::IsResourceExhausted(failure)) << failure;
  }
  ScriptedServer server({{.steps = {sized}}});
  EXPECT_TRUE(Send(*ClientOf(server.path(), {.reply_cap = 1000}), Request("GET")).ok());
}

TEST(HttpClientSend, GivesUpAtTheDeadline) {
  ScriptedServer server({{.steps = {""}, .hold = true}});
  const auto client = ClientOf(server.path());
  const auto begin = std::chrono::steady_clock::now();
  const absl::Status failure =
      client->Send(Request("POST"), Call::Within(milliseconds(100))).status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(failure)) << failure;
  EXPECT_TRUE(WasSent(failure));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(5));
}

TEST(HttpClientSend, SendsNothingWhenItIsTooLateAlready) {
  ScriptedServer server({{.steps = {kHello}}});
  const auto client = ClientOf(server.path());
  const absl::Status late = client->Send(Request("GET"), Call{MonotonicTime{}, {}}).status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(late)) << late;
  EXPECT_FALSE(WasSent(late));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(absl::IsCancelled(
      client->Send(Request("GET"), Call::Within(seconds(9), stop.get_token())).status()));
  EXPECT_THAT(server.heads(), SizeIs(0));
}

TEST(HttpClientSend, StopsAtOnceWhenCancelled) {
  ScriptedServer server({{.steps = {"HTTP/1.1 200 OK\r\n\r\npiece"}, .hold = true}});
  const auto client = ClientOf(server.path());
  std::stop_source stop;
  MonotonicTime cancelled;
  const HttpClient::Sink sink = [&](const char*, size_t) {
    cancelled = std::chrono::steady_clock::now();
    return stop.request_stop();
  };
  const absl::Status failure =
      client->Stream(Request("GET"), sink, Call::Within(seconds(60), stop.get_token())).status();
  EXPECT_TRUE(absl::IsCancelled(failure)) << failure;
  EXPECT_LT(std::chrono::steady_clock::now() - cancelled, seconds(5));
}

TEST(HttpClientSend, WakesFromItsWaitWhenCancelledByAnotherThread) {
  ScriptedServer server({{.steps = {""}, .hold = true}});
  const auto client = ClientOf(server.path());
  std::stop_source stop;
  auto outcome = std::async(std::launch::async, [&] {
    return client->Send(Request("GET"), Call::Within(seconds(60), stop.get_token())).status();
  });
  server.AwaitHeads(1);  // it now waits for the answer
  const auto begin = std::chrono::steady_clock::now();
  stop.request_stop();
  EXPECT_TRUE(absl::IsCancelled(outcome.get()));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(5));
}

TEST(HttpClientSend, WaitsForAFreeConnectionNoLongerThanItsDeadline) {
  ScriptedServer server({{.steps = {""}, .hold = true}});
  const auto client = ClientOf(server.path(), {.connections = 1});
  std::stop_source stop;
  auto first = std::async(std::launch::async, [&] {
    return client->Send(Request("GET"), Call::Within(seconds(60), stop.get_token())).status();
  });
  server.AwaitHeads(1);
  const absl::Status second =
      client->Send(Request("POST"), Call::Within(milliseconds(50))).status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(second)) << second;
  EXPECT_FALSE(WasSent(second));
  stop.request_stop();
  EXPECT_TRUE(absl::IsCancelled(first.get()));
}

TEST(HttpClientStream, HandsOverPiecesUntilTheSinkHasEnough) {
  ScriptedServer server({{.steps = {"HTTP/1.1 200 OK\r\n\r\nabc"}, .hold = true}});
  const auto client = ClientOf(server.path());
  std::string seen;
  const auto reply = client->Stream(
      Request("GET"),
      [&](const char* bytes, size_t size) {
        seen.append(bytes, size);
        return seen.size() < 3;
      },
      Call::Within(seconds(20)));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(seen, "abc");
  EXPECT_EQ(reply->body, "");
}

TEST(HttpClientStream, KeepsTheBodyOfAnErrorForTheCaller) {
  ScriptedServer server({{.steps = {"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno"}}});
  const auto client = ClientOf(server.path());
  const auto reply = client->Stream(
      Request("GET"),
      [](const char*, size_t) {
        ADD_FAILURE() << "the body of an error is not the stream";
        return true;
      },
      Call::Within(seconds(20)));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->status, 403);
  EXPECT_EQ(reply->body, "no");
}

}  // namespace
}  // namespace innkeeper
