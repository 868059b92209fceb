#pragma once
// One libvirt daemon. Keeps a read-only connection for inventory and events, and opens read-write
// ones (write = root on the host) only for guest-agent calls.
//
//   connecting --> connected --(closed, keepalive lost, a call cut at its deadline)--> waiting --+
//       ^                                                                                        |
//       +------------------- after 0.5 s .. 30 s, jittered, for ever ----------------------------+
//
// On each connection events are registered first, then kConnectionBack is told; whoever lists after
// it misses nothing. Events of an earlier connection never come after kConnectionLost.
//
// Threads: "libvirt-link" (connects, notices loss), "libvirt-limits" (ends calls that hang). Calls
// run on their callers' threads. The sink is called on libvirt's event thread or on "libvirt-link",
// never on both at the same time. SIGPIPE must be ignored by the process.

#include <memory>
#include <string>

#include "base/random.h"
#include "vm/hypervisor.h"
#include "vm/libvirt/event_loop.h"

namespace innkeeper {

class LibvirtHypervisor : public Hypervisor {
 public:
  struct Options {
    std::string uri = "qemu:///system";  // see daemon_uri.h
    size_t agent_calls = 8;              // at most at a time
    Duration first_retry = std::chrono::milliseconds(500);
    Duration last_retry = std::chrono::seconds(30);
    Duration connect_timeout = std::chrono::seconds(10);
  };
  struct Counts {
    uint64_t connects = 0;
    uint64_t failed_connects = 0;
    size_t agent_calls_in_flight = 0;
    uint64_t agent_calls = 0;
    uint64_t agent_calls_cut = 0;  // ended by us at their deadline
  };

  // The event loop, started, and Random outlive it.
  static std::unique_ptr<LibvirtHypervisor> Create(Options options, LibvirtEventLoop& loop,
                                                   Random& random);
  virtual Counts counts() const = 0;
};

}  // namespace innkeeper
