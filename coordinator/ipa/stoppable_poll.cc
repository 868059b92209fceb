#include "coordinator/ipa/stoppable_poll.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <stop_token>

namespace innkeeper {
namespace {

struct EventFd {
  const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  EventFd() = default;
  EventFd(const EventFd&) = delete;
  EventFd& operator=(const EventFd&) = delete;
  ~EventFd() {
    if (fd >= 0) close(fd);
  }
};

}  // namespace

absl::StatusOr<int> StoppablePoll(std::vector<pollfd>& fds, Duration at_most, const Call& call,
                                  const std::string& doing) {
  const EventFd stopped;
  if (stopped.fd < 0) return ErrnoStatus(errno, doing);
  const std::stop_callback on_stop(call.stop, [&] { eventfd_write(stopped.fd, 1); });
  fds.push_back({stopped.fd, POLLIN, 0});
  int ready = 0;
  do {
    if (absl::Status late = call.Check(doing); !late.ok()) {
      fds.pop_back();
      return late;
    }
    const Duration wait = std::min(at_most, call.Remaining());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wait);
    const timespec limit{static_cast<time_t>(seconds.count()),
                         static_cast<long>((wait - seconds).count())};
    ready = ppoll(fds.data(), fds.size(), &limit, nullptr);
  } while (ready < 0 && errno == EINTR);
  const int error = errno;
  fds.pop_back();
  if (ready < 0) return ErrnoStatus(error, doing);
  RETURN_IF_ERROR(call.Check(doing));
  return ready;
}

}  // namespace innkeeper
