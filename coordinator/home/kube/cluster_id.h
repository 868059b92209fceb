#pragma once

#include "base/call.h"
#include "coordinator/guests/ids.h"
#include "coordinator/kube/kube_client.h"

namespace innkeeper {

// Which cluster this is: the uid of its namespace kube-system, which exists as long as the cluster
// and which nobody can choose. Blocks.
absl::StatusOr<ClusterId> ReadClusterId(KubeClient& client, const Call& call);

}  // namespace innkeeper
