#pragma once
// The part of the identity's plan that takes it away: the client in the guest (when it can be
// reached), then the host, then the record. Pure. Once begun it is finished, whatever is wished
// meanwhile.

#include "coordinator/guests/observed.h"

namespace innkeeper::plan {

// `why`: kOptedOut, kRenamed or, for a VM that is gone, kHostRemoved.
Step PlanRemoval(const Observed& seen, const Timings& timings, Reason why);

}  // namespace innkeeper::plan
