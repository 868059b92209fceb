#pragma once
// What the node's systemd knows: libvirt's daemons and the machine scopes of the domains, joined by
// the machine's Id (= domain UUID), never by name. Optional: without a bus everything else works.
// Implementations: SdBusHostUnits (own bus connection on its own thread); testing/FakeHostUnits.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/call.h"
#include "base/status.h"
#include "vm/hypervisor.h"

namespace innkeeper {

struct UnitState {
  std::string name;          // "libvirtd.service"
  std::string active_state;  // "active", "inactive", "failed", ...
  std::string result;        // "success", "oom-kill", ...
  uint64_t memory_bytes = 0;
  uint64_t cpu_nanoseconds = 0;
  uint32_t restarts = 0;
  bool operator==(const UnitState&) const = default;
};
struct MachineScope {
  std::string unit;     // "machine-qemu\x2d3\x2dweb.scope"
  uint32_t leader = 0;  // QEMU's pid
  UnitState state;
};
struct UnitsView {
  bool bus = false;
  std::vector<UnitState> daemons;
  std::map<DomainId, MachineScope> machines;
};

class HostUnits {
 public:
  virtual ~HostUnits() = default;
  // `changed` is called on the bus thread when the view differs; it must not block.
  virtual absl::Status Start(std::function<void()> changed) = 0;
  virtual void Stop() = 0;
  // The last view; never blocks. Reconnecting to a lost bus goes on by itself.
  virtual UnitsView View() const = 0;
};

}  // namespace innkeeper
