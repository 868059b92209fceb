#pragma once
// Guest-agent calls, bounded: each on a read-write connection of its own, so that one that hangs
// can be cut without harm to any other. No more than `most` at a time for one daemon: every call
// occupies one of the daemon's workers for as long as the guest is silent.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/call.h"
#include "base/status.h"
#include "vm/hypervisor.h"
#include "vm/libvirt/daemon_connection.h"

namespace innkeeper {

class AgentPool {
 public:
  struct Counts {
    size_t in_flight = 0;      // now
    uint64_t calls = 0;        // since start
    uint64_t cut = 0;          // ended by us at their deadline or stop
    uint64_t connections = 0;  // opened
  };

  // `uri` is asked for each new connection.
  AgentPool(std::function<DaemonUri()> uri, CallLimits& limits, size_t most)
      : uri_(std::move(uri)), limits_(limits), most_(most) {}

  // As Hypervisor::AgentCommand. Waits for a free place first.
  absl::StatusOr<std::string> Command(const DomainId& id, const std::string& command, int seconds,
                                      const Call& call);
  // The daemon is gone: connections that wait for use are closed.
  void DropIdle();
  Counts counts() const;

 private:
  // A connection and the handle of the domain it served last: the next call for it saves a look-up.
  struct Worker {
    std::unique_ptr<DaemonConnection> daemon;
    DomainId domain;
    DomainHandle handle;  // goes before the connection
  };
  class Place;

  absl::Status Enter(const Call& call);
  Worker TakeIdle(const DomainId& id);
  void Leave(Worker worker);
  absl::StatusOr<std::string> Run(Worker& worker, const DomainId& id, const std::string& command,
                                  int seconds, const Call& call);
  absl::Status Failed(const Worker& worker, MonotonicTime since, int seconds, const Call& call);

  const std::function<DaemonUri()> uri_;
  CallLimits& limits_;
  const size_t most_;
  mutable std::mutex mutex_;
  std::condition_variable_any left_;
  std::vector<Worker> idle_;
  Counts counts_;
};

}  // namespace innkeeper
