#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/call.h"
#include "base/status.h"
#include "vm/libvirt/call_limits.h"
#include "vm/libvirt/daemon_uri.h"
#include "vm/libvirt/handles.h"
#include "vm/libvirt/libvirt_error.h"
#include "vm/libvirt/socket_finder.h"

namespace innkeeper {

// One connection to a libvirt daemon that can be cut from any thread, so that a call which hangs
// returns.
class DaemonConnection {
 public:
  enum class Access { kRead, kWrite };

  // Blocks at most as long as `call`. A daemon that wants /session for /system, or the reverse, is
  // asked once more that way. UNAVAILABLE (kDaemonLost): nobody there, refused, or not answering.
  static absl::StatusOr<std::unique_ptr<DaemonConnection>> Open(const DaemonUri& uri, Access access,
                                                                CallLimits& limits,
                                                                const Call& call);
  // Says goodbye within a moment, or cuts. Domain handles of it must be gone.
  ~DaemonConnection();
  DaemonConnection(const DaemonConnection&) = delete;
  DaemonConnection& operator=(const DaemonConnection&) = delete;

  // False for libvirt's in-process drivers.
  bool remote() const { return socket_.has_value(); }
  virConnectPtr get() const { return connection_.get(); }
  // As far as is known without asking the daemon.
  bool alive() const { return !cut_ && virConnectIsAlive(connection_.get()) == 1; }
  void Cut();

  // use(virConnectPtr) on this thread; cut when the call ends first. What `use` returns is
  // returned.
  template <class Use>
  auto Limited(const Call& call, Use&& use) {
    const CallLimits::Limit limit(limits_, call, [this] { Cut(); });
    return std::forward<Use>(use)(connection_.get());
  }
  // The status of a call that just failed on this thread: CANCELLED or DEADLINE_EXCEEDED when we
  // cut the connection for it, else libvirt's error.
  absl::Status Failure(const LibvirtError& error, const std::string& doing, const Call& call) const;

 private:
  DaemonConnection(ConnectHandle connection, std::optional<SharedSocket> socket, CallLimits& limits)
      : connection_(std::move(connection)), socket_(std::move(socket)), limits_(limits) {}
  static absl::StatusOr<std::unique_ptr<DaemonConnection>> OpenExactly(const DaemonUri& uri,
                                                                       Access access,
                                                                       CallLimits& limits,
                                                                       const Call& call);

  ConnectHandle connection_;
  const std::optional<SharedSocket> socket_;  // none: it cannot be cut
  CallLimits& limits_;
  std::atomic<bool> cut_ = false;
};

}  // namespace innkeeper
