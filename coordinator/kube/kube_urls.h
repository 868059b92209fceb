#pragma once

#include <string>
#include <utility>
#include <vector>

#include "coordinator/kube/kube_client.h"

namespace innkeeper {

using KubeQuery = std::vector<std::pair<std::string, std::string>>;

// The path of an object: "/apis/kubevirt.io/v1/namespaces/lab/virtualmachines/web/status".
// INVALID_ARGUMENT: a part is empty or not one path segment. Without its name an object's path
// would be its whole collection's, and a DELETE there deletes them all.
absl::StatusOr<std::string> ObjectUrl(const KubePath& path, const KubeQuery& query = {});

// The path of a kind, in a namespace or (empty) of the whole cluster.
absl::StatusOr<std::string> CollectionUrl(const KubeKind& kind, const std::string& ns,
                                          const KubeQuery& query = {});

}  // namespace innkeeper
