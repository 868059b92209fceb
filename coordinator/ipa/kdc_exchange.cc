#include "coordinator/ipa/kdc_exchange.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "coordinator/ipa/stoppable_poll.h"

namespace innkeeper {
namespace {

constexpr size_t kLongestReply = 64 * 1024;  // bytes; a ticket is 1-2 KiB, a PAC may add 10
constexpr size_t kLengthBytes = 4;

class Socket {
 public:
  explicit Socket(const addrinfo& to)
      : fd_(socket(to.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, to.ai_protocol)) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  absl::Status Connect(const addrinfo& to, const Call& call) {
    if (fd_ < 0) return ErrnoStatus(errno, "socket");
    if (connect(fd_, to.ai_addr, to.ai_addrlen) == 0) return absl::OkStatus();
    if (errno != EINPROGRESS) return ErrnoStatus(errno, "connect to the KDC");
    RETURN_IF_ERROR(Wait(POLLOUT, call));
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    return error == 0 ? absl::OkStatus() : ErrnoStatus(error, "connect to the KDC");
  }

  absl::Status WriteAll(const std::string& bytes, const Call& call) {
    for (size_t done = 0; done < bytes.size();) {
      const ssize_t n = send(fd_, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
      if (n < 0 && errno != EAGAIN && errno != EINTR) return ErrnoStatus(errno, "send to the KDC");
      if (n > 0) done += static_cast<size_t>(n);
      if (n < 0) RETURN_IF_ERROR(Wait(POLLOUT, call));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> ReadExactly(size_t size, const Call& call) {
    std::string bytes(size, '\0');
    for (size_t done = 0; done < size;) {
      const ssize_t n = recv(fd_, bytes.data() + done, size - done, 0);
      if (n == 0) return absl::UnavailableError("the KDC closed the connection");
      if (n < 0 && errno != EAGAIN && errno != EINTR) return ErrnoStatus(errno, "read from the KDC");
      if (n > 0) done += static_cast<size_t>(n);
      if (n < 0) RETURN_IF_ERROR(Wait(POLLIN, call));
    }
    return bytes;
  }

 private:
  absl::Status Wait(short events, const Call& call) {
    std::vector<pollfd> fds{{fd_, events, 0}};
    return StoppablePoll(fds, call.Remaining(), call, "wait for the KDC").status();
  }

  const int fd_;
};

absl::StatusOr<std::string> ExchangeAt(const addrinfo& to, const std::string& framed,
                                       const Call& call) {
  Socket socket(to);
  RETURN_IF_ERROR(socket.Connect(to, call));
  RETURN_IF_ERROR(socket.WriteAll(framed, call));
  ASSIGN_OR_RETURN(const std::string length, socket.ReadExactly(kLengthBytes, call));
  size_t size = 0;
  for (const char byte : length) size = size << 8 | static_cast<unsigned char>(byte);
  if (size == 0 || size > kLongestReply)
    return absl::UnavailableError("the KDC's reply has an absurd length");
  return socket.ReadExactly(size, call);
}

}  // namespace

absl::StatusOr<std::string> ExchangeWithKdc(const std::string& address, int port,
                                            const std::string& request, const Call& call) {
  RETURN_IF_ERROR(call.Check("ask the KDC"));
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (failed != 0)
    return absl::UnavailableError("no address of KDC " + address + ": " + gai_strerror(failed));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);

  std::string framed(kLengthBytes, '\0');
  for (size_t i = 0; i < kLengthBytes; ++i)
    framed[i] = static_cast<char>(request.size() >> (8 * (kLengthBytes - 1 - i)) & 0xff);
  framed += request;

  absl::Status last = absl::UnavailableError("no address of KDC " + address);
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    absl::StatusOr<std::string> reply = ExchangeAt(*at, framed, call);
    if (reply.ok()) return reply;
    last = reply.status();
    RETURN_IF_ERROR(call.Check("ask the KDC"));
  }
  return last;
}

}  // namespace innkeeper
