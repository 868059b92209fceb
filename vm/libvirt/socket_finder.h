#pragma once
// libvirt does not tell the descriptor of a connection, and only shutting it down ends a blocked
// call.

#include <unistd.h>

#include <optional>
#include <set>
#include <string>
#include <utility>

namespace innkeeper {

// A descriptor of our own for someone else's socket: it stays valid, and means the same socket,
// whatever its owner does with the original.
class SharedSocket {
 public:
  explicit SharedSocket(int fd) : fd_(fd) {}
  SharedSocket(SharedSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  SharedSocket& operator=(SharedSocket&&) = delete;
  ~SharedSocket() {
    if (fd_ >= 0) close(fd_);
  }
  // Both directions end: everybody blocked on the socket returns. Thread-safe.
  void ShutDown() const;

 private:
  int fd_;
};

// Inodes of this process's sockets.
std::set<std::string> OpenSockets();

// The unix socket that is open now, was not in `before`, and is connected to a peer whose path has
// the same last component as `path`. Nothing when there is none.
std::optional<SharedSocket> FindNewSocket(const std::set<std::string>& before,
                                          const std::string& path);

}  // namespace innkeeper
