#include "coordinator/ipa/kdc_exchange.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "base/log.h"

namespace innkeeper {
namespace {

// A KDC on loopback that takes one request and says what it was told to.
class FakeKdc {
 public:
  enum class Then { kClose, kHold };
  explicit FakeKdc(std::string reply, Then then = Then::kClose) : reply_(std::move(reply)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    IK_CHECK(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    socklen_t size = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    IK_CHECK(listen(listener_, 1) == 0);
    thread_ = std::jthread([this, then] { Serve(then); });
  }
  ~FakeKdc() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  int port() const { return port_; }
  std::string Heard() {
    thread_.join();
    thread_ = std::jthread([] {});
    return heard_;
  }

 private:
  void Serve(Then then) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    char bytes[256];
    const ssize_t size = recv(fd, bytes, sizeof bytes, 0);
    if (size > 0) heard_.assign(bytes, static_cast<size_t>(size));
    // Byte by byte: a reply need not come in one piece.
    for (const char byte : reply_) send(fd, &byte, 1, MSG_NOSIGNAL);
    if (then == Then::kHold) static_cast<void>(recv(fd, bytes, sizeof bytes, 0));
    close(fd);
  }

  const std::string reply_;
  std::string heard_;
  int listener_ = -1, port_ = 0;
  std::jthread thread_;
};

std::string Framed(const std::string& message) {
  return std::string(3, '\0') + static_cast<char>(message.size()) + message;
}
absl::StatusOr<std::string> Ask(const FakeKdc& kdc, Duration patience = std::chrono::seconds(20)) {
  return ExchangeWithKdc("127.0.0.1", kdc.port(), "request", Call::Within(patience));
}

TEST(KdcExchange, FramesTheRequestAndUnframesTheReply) {
  FakeKdc kdc(Framed("answer"));
  const auto reply = Ask(kdc);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(*reply, "answer");
  EXPECT_EQ(kdc.Heard(), Framed("request"));
}

TEST(KdcExchange, AReplyThatEndsEarlyIsNone) {
  for (const std::string& reply :
       {std::string(), std::string("\0\0", 2), Framed("answer").substr(0, 7)}) {
    FakeKdc kdc(reply);
    EXPECT_TRUE(absl::IsUnavailable(Ask(kdc).status())) << reply.size();
  }
}

TEST(KdcExchange, AnAbsurdLengthIsRefusedBeforeAnythingIsReserved) {
  for (const std::string& length : {std::string("\0\0\0\0", 4), std::string("\xff\xff\xff\xff", 4),
                                    std::string("\0\1\0\1", 4)}) {
    FakeKdc kdc(length);
    const absl::Status refused = Ask(kdc).status();
    EXPECT_TRUE(absl::IsUnavailable(refused));
    EXPECT_THAT(std::string(refused.message()), testing::HasSubstr("absurd length"));
  }
}

TEST(KdcExchange, AKdcThatHangsCostsTheDeadlineAndNoMore) {
  FakeKdc kdc(Framed("answer").substr(0, 6), FakeKdc::Then::kHold);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_TRUE(absl::IsDeadlineExceeded(Ask(kdc, std::chrono::milliseconds(200)).status()));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
}

TEST(KdcExchange, NobodyThereIsUnavailable) {
  int port = 0;
  {
    FakeKdc gone("");
    port = gone.port();
  }
  EXPECT_TRUE(absl::IsUnavailable(
      ExchangeWithKdc("127.0.0.1", port, "request", Call::Within(std::chrono::seconds(20)))
          .status()));
}

}  // namespace
}  // namespace innkeeper
