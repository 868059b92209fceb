#include "coordinator/ipa/kdc_exchange.h"

#include <sys/socket.h>

#include <cerrno>

#include "coordinator/ipa/stoppable_poll.h"
#include "coordinator/ipa/tcp_connect.h"

namespace innkeeper {
namespace {

constexpr size_t kLongestReply = 64 * 1024;  // bytes; a ticket is 1-2 KiB, a PAC may add 10
constexpr size_t kLengthBytes = 4;

absl::Status Wait(int fd, short events, const Call& call) {
  std::vector<pollfd> fds{{fd, events, 0}};
  return StoppablePoll(fds, call.Remaining(), call, "wait for the KDC").status();
}

absl::Status WriteAll(int fd, const std::string& bytes, const Call& call) {
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t n = send(fd, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) return ErrnoStatus(errno, "send to the KDC");
    if (n > 0) done += static_cast<size_t>(n);
    if (n < 0) RETURN_IF_ERROR(Wait(fd, POLLOUT, call));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadExactly(int fd, size_t size, const Call& call) {
  std::string bytes(size, '\0');
  for (size_t done = 0; done < size;) {
    const ssize_t n = recv(fd, bytes.data() + done, size - done, 0);
    if (n == 0) return absl::UnavailableError("the KDC closed the connection");
    if (n < 0 && errno != EAGAIN && errno != EINTR) return ErrnoStatus(errno, "read from the KDC");
    if (n > 0) done += static_cast<size_t>(n);
    if (n < 0) RETURN_IF_ERROR(Wait(fd, POLLIN, call));
  }
  return bytes;
}

}  // namespace

absl::StatusOr<std::string> ExchangeWithKdc(const std::string& address, int port,
                                            const std::string& request, const Call& call) {
  std::string framed(kLengthBytes, '\0');
  for (size_t i = 0; i < kLengthBytes; ++i)
    framed[i] = static_cast<char>(request.size() >> (8 * (kLengthBytes - 1 - i)) & 0xff);
  framed += request;
  ASSIGN_OR_RETURN(const SocketFd socket, ConnectTcp(address, port, call));
  RETURN_IF_ERROR(WriteAll(socket.get(), framed, call));
  ASSIGN_OR_RETURN(const std::string length, ReadExactly(socket.get(), kLengthBytes, call));
  size_t size = 0;
  for (const char byte : length) size = size << 8 | static_cast<unsigned char>(byte);
  if (size == 0 || size > kLongestReply)
    return absl::UnavailableError("the KDC's reply has an absurd length");
  return ReadExactly(socket.get(), size, call);
}

}  // namespace innkeeper
