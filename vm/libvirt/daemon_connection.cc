#include "vm/libvirt/daemon_connection.h"

#include <mutex>

#include "vm/guest_agent/guest_agent.h"

namespace innkeeper {
namespace {

// Dead after about interval * (count + 1): 20 s.
constexpr int kKeepAliveSeconds = 5;
constexpr unsigned kKeepAliveCount = 3;
constexpr Duration kGoodbye = std::chrono::seconds(2);

// Held while libvirt opens a socket, so that a new one is that connection's.
std::timed_mutex& OpenMutex() {
  static auto* mutex = new std::timed_mutex;
  return *mutex;
}

bool WantsOtherPath(const absl::Status& status) {
  return std::string(status.message()).find("URI path '/") != std::string::npos;
}

}  // namespace

absl::StatusOr<std::unique_ptr<DaemonConnection>> DaemonConnection::Open(const DaemonUri& uri,
                                                                         Access access,
                                                                         CallLimits& limits,
                                                                         const Call& call) {
  auto connection = OpenExactly(uri, access, limits, call);
  if (connection.ok() || !WantsOtherPath(connection.status())) return connection;
  return OpenExactly(OtherPath(uri), access, limits, call);
}

absl::StatusOr<std::unique_ptr<DaemonConnection>> DaemonConnection::OpenExactly(
    const DaemonUri& uri, Access access, CallLimits& limits, const Call& call) {
  std::unique_lock lock(OpenMutex(), std::defer_lock);
  if (!lock.try_lock_until(call.deadline)) return call.Check("connecting to " + uri.uri);
  RETURN_IF_ERROR(call.Check("connecting to " + uri.uri));
  const std::set<std::string> before = OpenSockets();
  ConnectHandle handle;
  {
    // A daemon that is stopped accepts and then says nothing.
    const CallLimits::Limit limit(limits, call, [&] {
      if (const auto socket = FindNewSocket(before, uri.socket)) socket->ShutDown();
    });
    handle.reset(access == Access::kRead ? virConnectOpenReadOnly(uri.uri.c_str())
                                         : virConnectOpen(uri.uri.c_str()));
  }
  if (!handle) {
    const LibvirtError error = TakeLastError();
    RETURN_IF_ERROR(call.Check("connecting to " + uri.uri));  // then it was we who cut it
    return AgentError(AgentFailure::kDaemonLost, uri.uri + ": " + error.message);
  }
  std::optional<SharedSocket> socket;
  if (!uri.socket.empty()) {
    auto found = FindNewSocket(before, uri.socket);
    if (found.has_value()) socket.emplace(*std::move(found));
  }
  virConnectSetKeepAlive(handle.get(), kKeepAliveSeconds, kKeepAliveCount);  // not on every driver
  return std::unique_ptr<DaemonConnection>(
      new DaemonConnection(std::move(handle), std::move(socket), limits));
}

DaemonConnection::~DaemonConnection() {
  // Closing asks the daemon, which may hang.
  const CallLimits::Limit limit(limits_, Call::Within(kGoodbye), [this] { Cut(); });
  connection_.reset();
}

void DaemonConnection::Cut() {
  cut_ = true;
  if (socket_.has_value()) socket_->ShutDown();
}

absl::Status DaemonConnection::Failure(const LibvirtError& error, const std::string& doing,
                                       const Call& call) const {
  if (cut_) RETURN_IF_ERROR(call.Check(doing));
  return ToStatus(error, doing);
}

}  // namespace innkeeper
