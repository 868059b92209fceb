#pragma once
// Every wait of the core in one place, so that a test can make a day last milliseconds.

#include <chrono>

#include "base/clock.h"

namespace innkeeper {

struct Timings {
  // From the issue of a password until it is withdrawn. An emulated guest that must install its
  // client first needs some ten minutes.
  Duration attempt_deadline = std::chrono::minutes(20);
  // A password that waits on the disk of a VM that is off is replaced after this.
  Duration disk_password_age = std::chrono::hours(24 * 7);
  // Between two looks at a guest that boots and joins by itself.
  Duration boot_recheck = std::chrono::seconds(15);
  // Between two looks for the key in FreeIPA after the guest said that it joined (replication).
  Duration keytab_recheck = std::chrono::seconds(3);
  // An order of which nothing is heard is sent again (same id: harmless).
  Duration order_resend = std::chrono::seconds(60);
  // Between failed tries: doubles from first to most.
  Duration retry_first = std::chrono::seconds(10);
  Duration retry_most = std::chrono::minutes(10);
  // After a failure that only a person can mend; new facts come through at once.
  Duration held_recheck = std::chrono::hours(1);
  // After a write to FreeIPA whose outcome is unknown, so that a late one lands before the next.
  Duration unknown_outcome = std::chrono::seconds(60);
  // A conflict, a missing right, a refused value: looked at again without anybody's call.
  Duration conflict_recheck = std::chrono::minutes(10);
  // From a witnessed undefine to the removal of the identity.
  Duration undefine_grace = std::chrono::minutes(5);
  // How long an opt-out tries to uninstall the client in the guest before it goes on without.
  Duration leave_deadline = std::chrono::minutes(5);
  // While something that nobody reports is awaited (all nodes connected, inventory settled).
  Duration recheck = std::chrono::seconds(15);
  // An agent's state enters the stored condition once it has lasted this long.
  Duration agent_grace = std::chrono::minutes(1);
  // Between two sweeps that compare FreeIPA's hosts with the guests.
  Duration host_sweep = std::chrono::minutes(30);
  // Most a single reconcile may take, with all its calls.
  Duration reconcile_deadline = std::chrono::minutes(2);
};

}  // namespace innkeeper
