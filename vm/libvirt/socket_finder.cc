#include "vm/libvirt/socket_finder.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <charconv>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <functional>

namespace innkeeper {
namespace {

namespace fs = std::filesystem;

void ForEachSocket(const std::function<void(int fd, const std::string& inode)>& use) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd", error)) {
    const std::string name = entry.path().filename();
    const std::string target = fs::read_symlink(entry.path(), error);
    if (error || !target.starts_with("socket:[")) continue;
    int fd = -1;
    std::from_chars(name.data(), name.data() + name.size(), fd);
    if (fd >= 0) use(fd, target);
  }
}

std::string PeerPath(int fd) {
  sockaddr_un peer{};
  socklen_t length = sizeof peer;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &length) != 0) return {};
  if (peer.sun_family != AF_UNIX || length <= offsetof(sockaddr_un, sun_path)) return {};
  const size_t size = length - offsetof(sockaddr_un, sun_path);
  return {peer.sun_path, strnlen(peer.sun_path, size)};
}

}  // namespace

void SharedSocket::ShutDown() const { shutdown(fd_, SHUT_RDWR); }

std::set<std::string> OpenSockets() {
  std::set<std::string> sockets;
  ForEachSocket([&](int, const std::string& inode) { sockets.insert(inode); });
  return sockets;
}

std::optional<SharedSocket> FindNewSocket(const std::set<std::string>& before,
                                          const std::string& path) {
  std::optional<SharedSocket> found;
  ForEachSocket([&](int fd, const std::string& inode) {
    if (found.has_value() || before.contains(inode)) return;
    // Duplicated before it is looked at: the number may be closed and given to another file
    // meanwhile.
    const int ours = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (ours < 0) return;
    SharedSocket candidate(ours);
    const fs::path peer = PeerPath(ours);
    if (!peer.empty() && peer.filename() == fs::path(path).filename()) {
      found.emplace(std::move(candidate));
    }
  });
  return found;
}

}  // namespace innkeeper
