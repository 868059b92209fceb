#include "coordinator/ipa/tcp_connect.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "coordinator/ipa/stoppable_poll.h"

namespace innkeeper {
namespace {

absl::StatusOr<SocketFd> ConnectTo(const addrinfo& to, const Call& call) {
  SocketFd fd(socket(to.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, to.ai_protocol));
  if (fd.get() < 0) return ErrnoStatus(errno, "socket");
  if (connect(fd.get(), to.ai_addr, to.ai_addrlen) == 0) return fd;
  if (errno != EINPROGRESS) return ErrnoStatus(errno, "connect");
  std::vector<pollfd> fds{{fd.get(), POLLOUT, 0}};
  RETURN_IF_ERROR(StoppablePoll(fds, call.Remaining(), call, "connect").status());
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return ErrnoStatus(error, "connect");
  return fd;
}

}  // namespace

SocketFd::~SocketFd() {
  if (fd_ >= 0) close(fd_);
}

absl::StatusOr<SocketFd> ConnectTcp(const std::string& address, int port, const Call& call) {
  RETURN_IF_ERROR(call.Check("connect to " + address));
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (failed != 0)
    return absl::UnavailableError("no address of " + address + ": " + gai_strerror(failed));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  absl::Status last = absl::UnavailableError("no address of " + address);
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    absl::StatusOr<SocketFd> connected = ConnectTo(*at, call);
    if (connected.ok()) return connected;
    last = Annotate(connected.status(), address + " port " + std::to_string(port));
    RETURN_IF_ERROR(call.Check("connect to " + address));
  }
  return last;
}

}  // namespace innkeeper
