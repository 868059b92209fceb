#include "bench/delay_proxy.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <list>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/bounded_queue.h"

namespace innkeeper {
namespace {

constexpr size_t kBuffered = 1024;  // pieces on their way in one direction

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  int fd() const { return fd_; }
  void Cut() const { shutdown(fd_, SHUT_RDWR); }

 private:
  int fd_;
};

sockaddr_in AddressOf(const std::string& text, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  inet_pton(AF_INET, text.c_str(), &address.sin_addr);
  return address;
}

Socket NewSocket() {
  Socket made(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(made.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(made.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  return made;
}

// One direction of a connection: a reader stamps what comes, a writer lets it go when it is due.
class Wire {
 public:
  Wire(int from, int to, Duration delay) : from_(from), to_(to), delay_(delay) {}

 private:
  struct Piece {
    MonotonicTime due;
    std::vector<char> bytes;  // none: the end
  };
  void Read() {
    std::array<char, 64 * 1024> buffer;
    while (true) {
      const ssize_t got = recv(from_, buffer.data(), buffer.size(), 0);
      const auto due = std::chrono::steady_clock::now() + delay_;
      const auto size = got > 0 ? got : 0;
      pieces_.Push({due, {buffer.data(), buffer.data() + size}});
      if (got <= 0) return;
    }
  }
  void Write(const std::stop_token& stop) {
    while (const std::optional<Piece> piece = pieces_.Pop(stop)) {
      std::this_thread::sleep_until(piece->due);
      if (piece->bytes.empty()) break;
      size_t sent = 0;
      while (sent < piece->bytes.size()) {
        const ssize_t now =
            send(to_, piece->bytes.data() + sent, piece->bytes.size() - sent, MSG_NOSIGNAL);
        if (now <= 0) break;
        sent += static_cast<size_t>(now);
      }
    }
    shutdown(to_, SHUT_WR);
  }

  const int from_, to_;
  const Duration delay_;
  BoundedQueue<Piece> pieces_{kBuffered};
  std::jthread writer_{[this](const std::stop_token& stop) { Write(stop); }};
  std::jthread reader_{[this] { Read(); }};
};

struct Connection {
  Connection(Socket from_client, Socket to_server, Duration delay)
      : client(std::move(from_client)),
        server(std::move(to_server)),
        there(client.fd(), server.fd(), delay),
        back(server.fd(), client.fd(), delay) {}
  Socket client, server;
  Wire there, back;
};

class ThreadedProxy final : public DelayProxy {
 public:
  ThreadedProxy(Socket listener, std::string address, sockaddr_in target, Duration delay)
      : listener_(std::move(listener)),
        address_(std::move(address)),
        target_(target),
        delay_(delay) {}
  ~ThreadedProxy() override {
    listener_.Cut();
    acceptor_.join();
    for (Connection& one : connections_) {
      one.client.Cut();
      one.server.Cut();
    }
  }
  std::string address() const override { return address_; }

 private:
  void Accept() {
    while (true) {
      Socket client(accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
      if (client.fd() < 0) return;
      const int on = 1;
      setsockopt(client.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      Socket server = NewSocket();
      if (connect(server.fd(), reinterpret_cast<const sockaddr*>(&target_), sizeof target_) != 0)
        continue;
      connections_.emplace_back(std::move(client), std::move(server), delay_);
    }
  }

  const Socket listener_;
  const std::string address_;
  const sockaddr_in target_;
  const Duration delay_;
  std::list<Connection> connections_;  // the acceptor's, then the destructor's
  std::jthread acceptor_{[this] { Accept(); }};
};

}  // namespace

absl::StatusOr<std::unique_ptr<DelayProxy>> DelayProxy::Start(const std::string& target, int port,
                                                              Duration one_way) {
  const int pid = getpid();
  const std::string own = "127." + std::to_string(1 + pid / 65536 % 250) + "." +
                          std::to_string(pid / 256 % 256) + "." + std::to_string(pid % 256);
  Socket listener = NewSocket();
  const sockaddr_in address = AddressOf(own, port);
  if (bind(listener.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener.fd(), 64) != 0)
    return absl::UnavailableError("cannot listen on " + own + ":" + std::to_string(port) + ": " +
                                  ToText(ErrnoStatus(errno, "bind")));
  return std::make_unique<ThreadedProxy>(std::move(listener), own, AddressOf(target, port),
                                         one_way);
}

}  // namespace innkeeper
