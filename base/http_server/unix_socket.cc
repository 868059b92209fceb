#include "base/http_server/unix_socket.h"

#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace innkeeper {
namespace {

// 0 when somebody listens at `path`, else the errno of a connection that was tried.
int TryConnect(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
  std::memcpy(address.sun_path, path.c_str(), path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return errno;
  const int outcome =
      connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  close(fd);
  return outcome;
}

}  // namespace

absl::Status RemoveStaleSocket(const std::string& path) {
  struct stat facts {};
  if (lstat(path.c_str(), &facts) != 0) return absl::OkStatus();
  if (!S_ISSOCK(facts.st_mode)) {
    return absl::FailedPreconditionError(path + " exists and is no socket");
  }
  const int error = TryConnect(path);
  if (error == 0 || error == EAGAIN) {  // EAGAIN: it listens, and its queue is full
    return absl::FailedPreconditionError(path + ": another process listens there");
  }
  if (error != ECONNREFUSED) {
    return absl::FailedPreconditionError(path + ": cannot tell whether it is in use: " +
                                         std::string(ErrnoStatus(error, "connect").message()));
  }
  return unlink(path.c_str()) == 0 ? absl::OkStatus() : ErrnoStatus(errno, path);
}

absl::Status SetSocketAccess(const std::string& path, const std::string& group) {
  if (!group.empty()) {
    const struct group* entry = getgrnam(group.c_str());  // NOLINT(concurrency-mt-unsafe): at start
    if (entry == nullptr) return absl::NotFoundError("no group '" + group + "'");
    if (chown(path.c_str(), static_cast<uid_t>(-1), entry->gr_gid) != 0) {
      return ErrnoStatus(errno, path);
    }
  }
  return chmod(path.c_str(), 0660) == 0 ? absl::OkStatus() : ErrnoStatus(errno, path);
}

std::optional<uint32_t> PeerUid(int fd) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return std::nullopt;
  return credentials.uid;
}

}  // namespace innkeeper
