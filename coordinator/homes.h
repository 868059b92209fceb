#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/random.h"
#include "coordinator/config.h"
#include "coordinator/home/kube/kube_home.h"

namespace innkeeper {

// The home that the configuration names. FAILED_PRECONDITION: another coordinator has it, or it is
// another's. INVALID_ARGUMENT: the configuration. Blocks on the disk or the API server.
struct OpenedHome {
  std::unique_ptr<Home> home;
  KubeHome* kube = nullptr;  // the same, where it is in a cluster
};
absl::StatusOr<OpenedHome> OpenHome(const CoordinatorConfig& config,
                                    std::function<BootFacts()> facts, const Clock& clock,
                                    Random& random, const Call& call);

// This machine's; a pod's, in a cluster.
std::string HostName();

// Ours alone (0700); may be there. Blocks on the disk.
absl::Status MakeStateFolder(const std::string& path);

// Which cluster the configured home is of, for commands that open none. Blocks likewise.
absl::StatusOr<ClusterId> ClusterOf(const CoordinatorConfig& config, const Clock& clock,
                                    const Call& call);

}  // namespace innkeeper
