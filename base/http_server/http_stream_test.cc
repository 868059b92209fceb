// Streamed answers: what a handler writes, from any thread, and what the client makes of it.

#include <gmock/gmock.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/http_server/http_server.h"
#include "base/http_server/testing/raw_client.h"

namespace innkeeper {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kRequest[] = "GET /events HTTP/1.1\r\nHost: h\r\n\r\n";

class HttpStreamTest : public testing::Test {
 protected:
  explicit HttpStreamTest(std::string first = "") {
    absl::StatusOr<std::unique_ptr<HttpServer>> made =
        HttpServer::Create({.listen = "127.0.0.1:0", .request_timeout = seconds(5)});
    IK_CHECK(made.ok());
    server_ = *std::move(made);
    first_ = std::move(first);
    server_->Route("GET", "/events", [this](const auto&, const Call&) {
      HttpServerReply reply{.content_type = "text/event-stream", .body = first_};
      reply.stream = [this](std::shared_ptr<HttpStream> stream) { Keep(std::move(stream)); };
      return reply;
    });
    server_->Route("GET", "/throw", [](const auto&, const Call&) {
      HttpServerReply reply;
      reply.stream = [](const std::shared_ptr<HttpStream>&) { throw std::runtime_error("no"); };
      return reply;
    });
    IK_CHECK(server_->Start().ok());
  }

  void Keep(std::shared_ptr<HttpStream> stream) {
    {
      std::scoped_lock lock(mutex_);
      kept_ = std::move(stream);
    }
    came_.notify_all();
  }
  std::shared_ptr<HttpStream> Opened() {
    std::unique_lock lock(mutex_);
    came_.wait(lock, [this] { return kept_ != nullptr; });
    return std::exchange(kept_, nullptr);
  }
  static void AwaitEnd(const HttpStream& stream) {
    while (stream.open()) std::this_thread::yield();  // the test's own time limit ends it
  }

  std::mutex mutex_;
  std::condition_variable came_;
  std::shared_ptr<HttpStream> kept_;
  std::string first_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpStreamTest, SendsEachPieceAsItIsWritten) {
  RawClient client(server_->endpoint());
  client.Say(kRequest);
  const std::shared_ptr<HttpStream> stream = Opened();
  EXPECT_THAT(client.HearUntil("\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("text/event-stream"),
                    HasSubstr("Transfer-Encoding: chunked"), Not(HasSubstr("Content-Length"))));
  EXPECT_TRUE(stream->Write("data: 1\n\n"));
  EXPECT_EQ(client.HearUntil("data: 1\n\n\r\n"), "9\r\ndata: 1\n\n\r\n");
  EXPECT_TRUE(stream->Write("data: 2\n\n"));
  EXPECT_EQ(client.HearUntil("data: 2\n\n\r\n"), "9\r\ndata: 2\n\n\r\n");
  EXPECT_TRUE(stream->open());
}

TEST_F(HttpStreamTest, EndsTheAnswerWhenTheLastOwnerLetsGo) {
  RawClient client(server_->endpoint());
  client.Say(kRequest);
  Opened()->Write("bye");
  EXPECT_THAT(client.HearAll(), EndsWith("3\r\nbye\r\n0\r\n\r\n"));
}

TEST_F(HttpStreamTest, EndsTheAnswerWhenTheHandlerThrows) {
  RawClient client(server_->endpoint());
  client.Say("GET /throw HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client.HearAll(), EndsWith("\r\n\r\n0\r\n\r\n"));
}

TEST_F(HttpStreamTest, NoticesThatTheClientHasGone) {
  RawClient client(server_->endpoint());
  client.Say(kRequest);
  const std::shared_ptr<HttpStream> stream = Opened();
  client.HangUp();
  AwaitEnd(*stream);
  EXPECT_FALSE(stream->Write("nobody hears"));
}

TEST_F(HttpStreamTest, CutsAClientThatReadsTooSlowly) {
  RawClient client(server_->endpoint());
  client.Say(kRequest);
  const std::shared_ptr<HttpStream> stream = Opened();
  const std::string piece(100'000, 'x');
  int written = 0;  // ends when the kernel's buffers and the queue are full
  while (stream->Write(piece)) ASSERT_LT(++written, 10'000);
  EXPECT_FALSE(stream->open());
  EXPECT_THAT(client.HearAll(), Not(EndsWith("0\r\n\r\n")));
}

TEST_F(HttpStreamTest, StopEndsStreamsAtOnce) {
  RawClient client(server_->endpoint());
  client.Say(kRequest);
  const std::shared_ptr<HttpStream> stream = Opened();
  server_->Stop(Call::Within(seconds(60)));
  EXPECT_FALSE(stream->open());
}

TEST_F(HttpStreamTest, AStreamMayOutliveTheServer) {
  RawClient client(server_->endpoint());
  client.Say(kRequest);
  std::shared_ptr<HttpStream> stream = Opened();
  std::jthread writer([&stream] {
    while (stream->Write("x")) {
    }
  });
  server_.reset();
  writer.join();
  EXPECT_FALSE(stream->Write("late"));
  stream.reset();
}

TEST_F(HttpStreamTest, RefusesAStreamToAClientThatCannotReadOne) {
  RawClient client(server_->endpoint());
  client.Say("GET /events HTTP/1.0\r\n\r\n");
  EXPECT_THAT(client.HearAll(), StartsWith("HTTP/1.1 505 "));
}

TEST_F(HttpStreamTest, AnswersHeadWithoutOpeningAStream) {
  RawClient client(server_->endpoint());
  client.Say("HEAD /events HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.HearAll(), AllOf(StartsWith("HTTP/1.1 200 "), EndsWith("\r\n\r\n")));
  std::scoped_lock lock(mutex_);
  EXPECT_EQ(kept_, nullptr);
}

// A list of everything first, larger than the queue, then changes.
class LongHttpStreamTest : public HttpStreamTest {
 protected:
  LongHttpStreamTest() : HttpStreamTest(std::string(3'000'000, 'x')) {}
};

TEST_F(LongHttpStreamTest, SendsTheBodyBeforeThePieces) {
  RawClient client(server_->endpoint());
  client.Say(kRequest);
  Opened()->Write("then");
  const std::string all = client.HearAll();
  EXPECT_GT(all.size(), 3'000'000u);
  EXPECT_THAT(all.substr(all.size() - 30), EndsWith("x\r\n4\r\nthen\r\n0\r\n\r\n"));
}

}  // namespace
}  // namespace innkeeper
