#pragma once
// HostUnits over sd-bus: a connection of its own on the thread "host-units". Signals (a daemon's
// state, a machine that comes or goes) cause a new look at once; counters, which systemd does not
// signal, are read in every sweep. `changed` is called for changes of meaning, not when only
// counters moved.

#include <memory>
#include <string>
#include <vector>

#include "agent/units/host_units.h"
#include "base/clock.h"

namespace innkeeper {

struct HostUnitsOptions {
  // Told when systemd knows them.
  std::vector<std::string> daemons = {
      "libvirtd.service", "libvirtd.socket",   "virtqemud.service",  "virtqemud.socket",
      "virtlogd.service", "virtlockd.service", "virtproxyd.service", "libvirt-guests.service"};
  std::string
      address;  // of the bus; empty: the system bus (DBUS_SYSTEM_BUS_ADDRESS or its default)
  Duration sweep = std::chrono::seconds(30);
  Duration retry = std::chrono::seconds(5);  // between attempts to connect
};

std::unique_ptr<HostUnits> MakeSdBusHostUnits(HostUnitsOptions options);

}  // namespace innkeeper
