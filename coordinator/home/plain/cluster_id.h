#pragma once

#include <string>

#include "coordinator/guests/ids.h"

namespace innkeeper {

// The cluster's id: read from the file `cluster-id` in the state directory, which is made once,
// with `configured` or, if that is empty, a random one. It stands outside the database, so that a
// lost database does not orphan what carries its tag. Blocks on the disk; the directory is made if
// missing. FAILED_PRECONDITION: the file says another id than the configured one, which would
// disown every host. INVALID_ARGUMENT: not letters, digits and '-'.
absl::StatusOr<ClusterId> ClusterIdOf(const std::string& state_dir, const std::string& configured);

}  // namespace innkeeper
