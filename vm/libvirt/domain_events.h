#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/status.h"
#include "vm/hypervisor.h"
#include "vm/libvirt/daemon_connection.h"

namespace innkeeper {

// One generation of events: those of one connection. Once closed nothing comes through, although
// libvirt may still call back after it was told not to.
class EventGate {
 public:
  explicit EventGate(std::function<void(const HypervisorEvent&)> sink) : sink_(std::move(sink)) {}
  void Pass(HypervisorEvent::Kind kind, virDomainPtr domain);
  void Close();  // waits for the event that passes just now

 private:
  std::mutex mutex_;
  std::function<void(const HypervisorEvent&)> sink_;
};

// The registration of every event the agent needs, for as long as it lives. The connection outlives
// it.
class DomainEvents {
 public:
  // Blocks at most as long as `call`. Events come on libvirt's event thread from now on.
  static absl::StatusOr<std::unique_ptr<DomainEvents>> Register(
      DaemonConnection& daemon, std::function<void(const HypervisorEvent&)> sink, const Call& call);
  ~DomainEvents();
  // No event comes after it returns.
  void Silence() { gate_->Close(); }

 private:
  DomainEvents(DaemonConnection& daemon, std::shared_ptr<EventGate> gate)
      : daemon_(daemon), gate_(std::move(gate)) {}
  absl::Status Add(int event, virConnectDomainEventGenericCallback callback, const Call& call);
  absl::Status AddAll(const Call& call);

  DaemonConnection& daemon_;
  const std::shared_ptr<EventGate> gate_;
  std::vector<int> registered_;
};

}  // namespace innkeeper
