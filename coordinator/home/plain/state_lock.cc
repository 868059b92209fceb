#include "coordinator/home/plain/state_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "base/random.h"
#include "coordinator/home/plain/files.h"

namespace innkeeper {
namespace {

absl::Status TakenBy(const std::string& path, const std::string& state_dir) {
  const absl::StatusOr<std::string> holder = ReadSmallFile(path, 64);
  const std::string pid(absl::StripAsciiWhitespace(holder.value_or("")));
  return absl::FailedPreconditionError("another coordinator (process " +
                                       (pid.empty() ? "unknown" : pid) + ") uses " + state_dir);
}

// The random part keeps two directories copied from one apart.
absl::StatusOr<std::string> NextTerm(const std::string& path) {
  const absl::StatusOr<std::string> before = ReadSmallFile(path, 64);
  if (!before.ok() && !absl::IsNotFound(before.status())) return before.status();
  int64_t number = 0;
  static_cast<void>(absl::SimpleAtoi(before.value_or("0"), &number));
  const std::string next = std::to_string(number + 1);
  RETURN_IF_ERROR(WriteFileAtomically(path, next));
  return next + "-" + RandomHex(4);
}

}  // namespace

absl::StatusOr<std::unique_ptr<StateLock>> StateLock::Acquire(const std::string& state_dir) {
  RETURN_IF_ERROR(MakeFolder(state_dir));
  const std::string path = state_dir + "/lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return ErrnoStatus(errno, "open " + path);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    ::close(fd);
    return error == EWOULDBLOCK ? TakenBy(path, state_dir) : ErrnoStatus(error, "lock " + path);
  }
  absl::StatusOr<std::string> term = NextTerm(state_dir + "/term");
  if (!term.ok()) {
    ::close(fd);
    return term.status();
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  // Only for people: a failure to write it takes nothing away.
  if (::ftruncate(fd, 0) == 0) static_cast<void>(!::pwrite(fd, pid.data(), pid.size(), 0));
  return std::unique_ptr<StateLock>(new StateLock(fd, *std::move(term)));
}

StateLock::~StateLock() { ::close(fd_); }

}  // namespace innkeeper
