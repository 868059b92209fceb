#pragma once
// What a connection says of its domains. Only calls that never enter a QEMU monitor.

#include <vector>

#include "base/status.h"
#include "vm/hypervisor.h"
#include "vm/libvirt/daemon_connection.h"

namespace innkeeper {

// As the functions of Hypervisor by these names. Block, at most as long as `call`.
absl::StatusOr<std::vector<DomainState>> ListDomains(DaemonConnection& daemon, const Call& call);
absl::StatusOr<DomainState> ReadDomain(DaemonConnection& daemon, const DomainId& id,
                                       const Call& call);
absl::StatusOr<std::vector<DomainState>> SweepDomains(DaemonConnection& daemon, const Call& call);

// "libvirt 9.0.0, QEMU 7.2.22".
absl::StatusOr<std::string> ReadVersion(DaemonConnection& daemon, const Call& call);

// The UUID of a handle, without asking the daemon.
DomainId IdOf(virDomainPtr domain);

}  // namespace innkeeper
