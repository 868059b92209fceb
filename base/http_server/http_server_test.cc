// The server's manners towards good, slow, greedy and broken clients, over plain sockets.

#include "base/http_server/http_server.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <thread>

#include "base/http_server/testing/gate.h"
#include "base/http_server/testing/raw_client.h"
#include "base/testing/captured_log.h"
#include "base/testing/temp_dir.h"

namespace innkeeper {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string Get(const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n"; }
std::string GetOnce(const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
}
std::string Post(const std::string& path, const std::string& body) {
  return "POST " + path + " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

HttpServerReply TextReply(std::string text) {
  return {.content_type = "text/plain", .body = std::move(text)};
}

class HttpServerTest : public testing::Test {
 protected:
  void Serve(HttpServer::Options options = {}) {
    if (options.listen.empty()) options.listen = "127.0.0.1:0";
    absl::StatusOr<std::unique_ptr<HttpServer>> made = HttpServer::Create(std::move(options));
    ASSERT_TRUE(made.ok()) << made.status();
    server_ = *std::move(made);
    server_->Route("GET", "/hello", [](const auto&, const Call&) { return TextReply("hello"); });
    server_->Route("POST", "/echo",
                   [](const auto& request, const Call&) { return TextReply(request.body); });
    server_->Route("GET", "/gate", [this](const auto&, const Call& call) {
      return TextReply(gate_.Pass(call) ? "passed" : "stopped");
    });
    server_->Route("GET", "/throw", [](const auto&, const Call&) -> HttpServerReply {
      throw std::runtime_error("broken handler");
    });
    server_->Route("GET", "/throw-odd",
                   [](const auto&, const Call&) -> HttpServerReply { throw 7; });
    ASSERT_TRUE(server_->Start().ok());
  }
  // One request on a connection of its own; the whole answer.
  std::string Ask(const std::string& request) {
    RawClient client(server_->endpoint());
    client.Say(request);
    return client.HearAll();
  }
  void Stop(Duration patience = seconds(20)) { server_->Stop(Call::Within(patience)); }

  Gate gate_;
  std::unique_ptr<HttpServer> server_;
};

TEST(HttpServerCreate, RefusesAddressesThatAreNone) {
  for (const char* listen : {"", "8443", ":8443", "localhost:1", "127.0.0.1:", "127.0.0.1:65536",
                             "127.0.0.1:x", "unix:"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(HttpServer::Create({.listen = listen}).status())) << listen;
  }
}

TEST_F(HttpServerTest, TellsThePortItGotAndKeepsOthersOffIt) {
  Serve();
  EXPECT_THAT(server_->endpoint(), testing::MatchesRegex("127\\.0\\.0\\.1:[1-9][0-9]*"));
  EXPECT_TRUE(absl::IsUnavailable(HttpServer::Create({.listen = server_->endpoint()}).status()));
}

TEST_F(HttpServerTest, GivesTheHandlerTheWholeRequest) {
  HttpServerRequest seen;
  const auto made = HttpServer::Create({.listen = "127.0.0.1:0"});
  ASSERT_TRUE(made.ok());
  HttpServer& server = **made;
  server.Route("PUT", "/v1/{kind}/{name}", [&](const auto& request, const Call&) {
    seen = request;
    return HttpServerReply{.status = 204};
  });
  ASSERT_TRUE(server.Start().ok());
  RawClient client(server.endpoint());
  client.Say(
      "PUT /v1/guests/a%20b?wait=yes HTTP/1.1\r\nHost: h\r\nX-One: 1\r\nx-one: 2\r\n"
      "Content-Length: 4\r\nConnection: close\r\n\r\nbody");
  EXPECT_THAT(client.HearAll(),
              AllOf(StartsWith("HTTP/1.1 204 "), Not(HasSubstr("Content-Length"))));
  server.Stop(Call::Within(seconds(20)));  // the worker that wrote `seen` has ended
  EXPECT_EQ(seen.method, "PUT");
  EXPECT_EQ(seen.path, "/v1/guests/a b");
  EXPECT_EQ(seen.query.at("wait"), "yes");
  EXPECT_EQ(seen.captured.at("kind"), "guests");
  EXPECT_EQ(seen.captured.at("name"), "a b");
  EXPECT_EQ(seen.headers.at("x-one"), "1, 2");
  EXPECT_EQ(seen.body, "body");
  EXPECT_EQ(seen.peer.address, "127.0.0.1");
  EXPECT_EQ(seen.peer.uid, std::nullopt);
  EXPECT_EQ(seen.peer.certificate, "");
}

TEST_F(HttpServerTest, AnswersWhatNoRouteDoesAsJson) {
  Serve();
  EXPECT_THAT(Ask(GetOnce("/nothing")),
              AllOf(StartsWith("HTTP/1.1 404 "), HasSubstr("application/json"),
                    HasSubstr(R"({"error":{"code":"NOT_FOUND","message":")")));
  EXPECT_THAT(Ask("DELETE /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("Allow: GET, HEAD\r\n")));
  EXPECT_THAT(Ask(GetOnce("/%zz")),
              AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr("INVALID_ARGUMENT")));
}

TEST_F(HttpServerTest, TurnsAnExceptionIntoAnErrorAndLogsItOnce) {
  CapturedLog log;
  Serve();
  EXPECT_THAT(Ask(GetOnce("/throw")),
              AllOf(StartsWith("HTTP/1.1 500 "), Not(HasSubstr("broken handler"))));
  int lines = 0;
  for (const std::string& line : log.lines()) lines += line.find("broken handler") != line.npos;
  EXPECT_EQ(lines, 1);
  EXPECT_THAT(Ask(GetOnce("/throw-odd")), StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(Ask(GetOnce("/hello")), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, AnswersHeadWithTheLengthAlone) {
  Serve();
  EXPECT_THAT(
      Ask("HEAD /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
      AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("Content-Length: 5\r\n"), EndsWith("\r\n\r\n")));
}

TEST_F(HttpServerTest, KeepsTheConnectionAndTakesRequestsInOrder) {
  Serve();
  RawClient client(server_->endpoint());
  client.Say(Post("/echo", "first"));
  EXPECT_THAT(client.HearUntil("first"), StartsWith("HTTP/1.1 200 "));
  client.Say(Post("/echo", "second") + Post("/echo", "third") + GetOnce("/hello"));
  EXPECT_THAT(client.HearAll(), testing::ContainsRegex("second(.|\n)*third(.|\n)*hello$"));
}

TEST_F(HttpServerTest, ClosesAfterAnHttp10Request) {
  Serve();
  EXPECT_THAT(Ask("GET /hello HTTP/1.0\r\n\r\n"), EndsWith("hello"));
}

TEST_F(HttpServerTest, TakesABodyUpToTheCapAndRefusesMore) {
  Serve({.body_cap = 1000});
  RawClient fits(server_->endpoint());
  fits.Say(Post("/echo", std::string(1000, 'x')));
  EXPECT_THAT(fits.HearUntil(std::string(1000, 'x')), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(Ask(Post("/echo", std::string(1001, 'x'))),
              AllOf(StartsWith("HTTP/1.1 413 "), HasSubstr("Connection: close")));
  EXPECT_THAT(Ask("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" +
                  std::string(2000, 'x') + "\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 413 "));
}

// The refusal must reach a client that is still busy sending.
TEST_F(HttpServerTest, RefusesAHugeBodyInAWayTheClientCanRead) {
  Serve({.body_cap = 1000});
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(Ask(Post("/echo", std::string(3'000'000, 'x'))), StartsWith("HTTP/1.1 413 "));
  }
}

TEST_F(HttpServerTest, RefusesAHugeHead) {
  Serve();
  EXPECT_THAT(Ask("GET /hello HTTP/1.1\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431 "));
}

TEST_F(HttpServerTest, RefusesWhatIsNotHttp) {
  Serve();
  for (const char* text :
       {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 client hello\r\n\r\n", "GET\r\n\r\n",
        "GET /hello HTTP/9.9.9\r\n\r\n", "POST /echo HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST /echo HTTP/1.1\r\nContent-Length: 1\r\n"
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}) {
    EXPECT_THAT(Ask(text), StartsWith("HTTP/1.1 400 ")) << text;
  }
}

TEST_F(HttpServerTest, InvitesABodyThatWaitsForIt) {
  Serve();
  RawClient client(server_->endpoint());
  client.Say(
      "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n"
      "Connection: close\r\n\r\n");
  EXPECT_THAT(client.HearUntil("\r\n\r\n"), StartsWith("HTTP/1.1 100 "));
  client.Say("body");
  EXPECT_THAT(client.HearAll(), AllOf(StartsWith("HTTP/1.1 200 "), EndsWith("body")));
}

TEST_F(HttpServerTest, CutsAClientThatNeverFinishesItsRequest) {
  Serve({.request_timeout = milliseconds(50), .idle_timeout = seconds(100)});
  for (const char* beginning :
       {"GET /hel", "POST /echo HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf"}) {
    RawClient client(server_->endpoint());
    client.Say(beginning);
    EXPECT_TRUE(client.HearsTheEnd());
  }
}

TEST_F(HttpServerTest, CutsAClientThatNeverBegins) {
  Serve({.request_timeout = seconds(100), .idle_timeout = milliseconds(50)});
  EXPECT_TRUE(RawClient(server_->endpoint()).HearsTheEnd());
  RawClient client(server_->endpoint());
  client.Say(Get("/hello"));
  client.HearUntil("hello");
  EXPECT_TRUE(client.HearsTheEnd());
}

TEST_F(HttpServerTest, TellsClientsBeyondTheCapThatItIsFull) {
  Serve({.connections = 1});
  RawClient first(server_->endpoint());
  first.Say(Get("/hello"));
  first.HearUntil("hello");
  EXPECT_THAT(Ask(Get("/hello")),
              AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("too many connections")));
  first.Say(Get("/hello"));
  EXPECT_THAT(first.HearUntil("hello"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, RefusesRequestsThatWouldWaitTooLong) {
  Serve({.workers = 1});
  RawClient running(server_->endpoint());
  running.Say(Get("/gate"));
  gate_.AwaitArrivals(1);
  std::vector<std::unique_ptr<RawClient>> waiting;
  for (int i = 0; i < 65; ++i) {
    waiting.push_back(std::make_unique<RawClient>(server_->endpoint()));
    waiting.back()->Say(GetOnce("/gate"));
  }
  // Whichever came last is the one too many: its answer needs no worker.
  EXPECT_THAT(Ask(GetOnce("/hello")), StartsWith("HTTP/1.1 503 "));
  gate_.Open();
  int passed = 0;
  for (const auto& client : waiting) passed += client->HearAll().ends_with("passed");
  EXPECT_GE(passed, 63);
}

// Handlers then run on the I/O thread; all else is as with workers.
TEST_F(HttpServerTest, ServesWithoutWorkers) {
  Serve({.workers = 0});
  RawClient client(server_->endpoint());
  client.Say(Get("/hello") + Post("/echo", "one") + Get("/nowhere") + Get("/throw") +
             Post("/echo", std::string(300'000, 'x')) + GetOnce("/hello"));
  EXPECT_THAT(client.HearAll(),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("one"), HasSubstr("HTTP/1.1 404"),
                    HasSubstr("HTTP/1.1 500"), HasSubstr("xxx"), EndsWith("hello")));
  EXPECT_THAT(Ask(GetOnce("/hello")), EndsWith("hello"));
  Stop();
}

TEST_F(HttpServerTest, StopWaitsForRunningHandlersAndTheirAnswers) {
  Serve();
  RawClient client(server_->endpoint());
  RawClient idle(server_->endpoint());
  client.Say(Get("/gate"));
  gate_.AwaitArrivals(1);
  std::jthread stopper([this] { Stop(); });
  EXPECT_TRUE(idle.HearsTheEnd());  // so the stop is under way
  gate_.Open();
  EXPECT_THAT(client.HearAll(), AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("Connection: close"),
                                      EndsWith("passed")));
}

TEST_F(HttpServerTest, StopDeliversALargeAnswer) {
  Serve({.body_cap = 8u << 20});
  const std::string body(4u << 20, 'x');
  RawClient client(server_->endpoint());
  client.Say(Post("/echo", body));
  const std::string head = client.HearUntil("\r\n\r\n");
  std::jthread stopper([this] { Stop(); });
  EXPECT_EQ(client.HearAll().size(), body.size());
}

TEST_F(HttpServerTest, StopTellsHandlersWhenItsPatienceEnds) {
  Serve();
  RawClient client(server_->endpoint());
  client.Say(Get("/gate"));
  gate_.AwaitArrivals(1);
  Stop(milliseconds(20));  // returns though the gate stays shut
  EXPECT_THAT(client.HearAll(), testing::AnyOf("", EndsWith("stopped")));
}

TEST_F(HttpServerTest, StopsWithoutHavingStartedAndTwice) {
  const auto made = HttpServer::Create({.listen = "127.0.0.1:0"});
  ASSERT_TRUE(made.ok());
  (*made)->Stop(Call::Within(seconds(5)));
  Serve();
  Stop();
  Stop();
}

class UnixServerTest : public HttpServerTest {
 protected:
  void ServeUnix() { Serve({.listen = "unix:" + path_}); }
  const TempDir dir_;
  const std::string path_ = dir_.File("x.sock");
};

TEST_F(UnixServerTest, KnowsTheUserAtTheOtherEnd) {
  const auto made = HttpServer::Create({.listen = "unix:" + path_});
  ASSERT_TRUE(made.ok()) << made.status();
  HttpServer& server = **made;
  server.Route("GET", "/uid", [](const auto& request, const Call&) {
    return TextReply(request.peer.address + " " + std::to_string(request.peer.uid.value_or(12345)));
  });
  ASSERT_TRUE(server.Start().ok());
  EXPECT_EQ(server.endpoint(), "unix:" + path_);
  RawClient client(server.endpoint());
  client.Say(GetOnce("/uid"));
  EXPECT_THAT(client.HearAll(), EndsWith("unix " + std::to_string(getuid())));
}

TEST_F(UnixServerTest, LetsOnlyOwnerAndGroupIn) {
  ServeUnix();
  struct stat facts {};
  ASSERT_EQ(stat(path_.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0660u);
}

TEST_F(UnixServerTest, TakesItsFileAwayWhenItStops) {
  ServeUnix();
  Stop();
  EXPECT_NE(access(path_.c_str(), F_OK), 0);
}

TEST_F(UnixServerTest, ReplacesTheFileOfADeadServerOnly) {
  ServeUnix();
  EXPECT_TRUE(absl::IsFailedPrecondition(HttpServer::Create({.listen = "unix:" + path_}).status()));
  EXPECT_THAT(Ask(GetOnce("/hello")), EndsWith("hello"));
  Stop();
  {  // A crash leaves the file behind.
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    close(fd);
  }
  ServeUnix();
  EXPECT_THAT(Ask(GetOnce("/hello")), EndsWith("hello"));
}

TEST_F(UnixServerTest, LeavesAFileThatIsNoSocketAlone) {
  dir_.Write("x.sock", "precious");
  EXPECT_TRUE(absl::IsFailedPrecondition(HttpServer::Create({.listen = "unix:" + path_}).status()));
  EXPECT_EQ(access(path_.c_str(), F_OK), 0);
}

TEST_F(UnixServerTest, SaysThatTheGroupDoesNotExist) {
  EXPECT_TRUE(absl::IsNotFound(
      HttpServer::Create({.listen = "unix:" + path_, .socket_group = "no-such-group-here"})
          .status()));
  EXPECT_NE(access(path_.c_str(), F_OK), 0);
}

}  // namespace
}  // namespace innkeeper
