#pragma once

#include <string>

#include "base/call.h"
#include "base/status.h"

namespace innkeeper {

// Owns a descriptor; -1: none.
class SocketFd {
 public:
  explicit SocketFd(int fd) : fd_(fd) {}
  SocketFd(SocketFd&& other) noexcept : fd_(other.Release()) {}
  SocketFd(const SocketFd&) = delete;
  SocketFd& operator=(const SocketFd&) = delete;
  ~SocketFd();

  int get() const { return fd_; }
  int Release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

 private:
  int fd_;
};

// A non-blocking TCP connection to `address` (a host name or an IP), all its addresses tried in
// turn. UNAVAILABLE: no address, or none answers; DEADLINE_EXCEEDED, CANCELLED by call. Blocks;
// looking up a name can outlive the deadline by the resolver's own time-out.
absl::StatusOr<SocketFd> ConnectTcp(const std::string& address, int port, const Call& call);

}  // namespace innkeeper
