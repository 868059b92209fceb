#include "vm/testing/agent_socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/random.h"
#include "vm/guest_agent/guest_agent.h"

namespace innkeeper {
namespace {

constexpr size_t kCarried = 4 * 1024 * 1024;  // bytes of a reply that libvirt's protocol carries
constexpr char kSyncEnd = '\xFF';

class Channel {
 public:
  Channel(int seconds, const Call& call)
      : call_(call.AtMost(std::chrono::seconds(seconds))), outer_(call) {}
  ~Channel() {
    if (fd_ >= 0) close(fd_);
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  absl::Status Connect(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return absl::InvalidArgumentError("path too long");
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd_ < 0) return ErrnoStatus(errno, "socket");
    if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      return absl::OkStatus();
    }
    return AgentError(AgentFailure::kNotConnected, std::strerror(errno));
  }

  absl::Status Send(std::string_view bytes) {
    while (!bytes.empty()) {
      RETURN_IF_ERROR(Await(POLLOUT));
      const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EAGAIN) continue;
      if (sent <= 0) return Gone();
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return absl::OkStatus();
  }

  // Up to and without `end`; what came after it stays for the next call.
  absl::StatusOr<std::string> ReceiveUntil(char end) {
    size_t searched = 0;
    while (true) {
      const size_t at = received_.find(end, searched);
      if (at != std::string::npos) {
        std::string part = received_.substr(0, at);
        received_.erase(0, at + 1);
        return part;
      }
      searched = received_.size();
      if (searched > kCarried) return AgentError(AgentFailure::kTooLarge, "");
      RETURN_IF_ERROR(Await(POLLIN));
      std::array<char, 64 * 1024> buffer;
      const ssize_t got = recv(fd_, buffer.data(), buffer.size(), 0);
      if (got < 0 && errno == EAGAIN) continue;
      if (got <= 0) return Gone();
      received_.append(buffer.data(), static_cast<size_t>(got));
    }
  }

 private:
  static absl::Status Gone() {
    return AgentError(AgentFailure::kNotConnected, "the agent went away");
  }

  absl::Status Await(short events) {
    constexpr int kSlice = 20;  // milliseconds between looks at the stop token
    while (call_.Remaining() > Duration::zero()) {
      pollfd waiting{fd_, events, 0};
      if (poll(&waiting, 1, kSlice) > 0) return absl::OkStatus();
    }
    RETURN_IF_ERROR(outer_.Check("guest agent"));
    return AgentError(AgentFailure::kUnresponsive, "");
  }

  const Call call_;
  const Call& outer_;
  int fd_ = -1;
  std::string received_;
};

absl::Status Synchronise(Channel& channel) {
  const std::string id = std::to_string(SystemRandom().Below(1u << 30));
  RETURN_IF_ERROR(channel.Send(
      "\xFF{\"execute\":\"guest-sync-delimited\",\"arguments\":{\"id\":" + id + "}}\n"));
  const std::string wanted = "{\"return\": " + id + "}";
  while (true) {
    RETURN_IF_ERROR(channel.ReceiveUntil(kSyncEnd).status());
    ASSIGN_OR_RETURN(const std::string line, channel.ReceiveUntil('\n'));
    if (line == wanted) return absl::OkStatus();
  }
}

}  // namespace

absl::StatusOr<std::string> AskAgentSocket(const std::string& socket, const std::string& command,
                                           int seconds, const Call& call) {
  Channel channel(seconds, call);
  RETURN_IF_ERROR(channel.Connect(socket));
  RETURN_IF_ERROR(Synchronise(channel));
  RETURN_IF_ERROR(channel.Send(command + "\n"));
  return channel.ReceiveUntil('\n');
}

}  // namespace innkeeper
