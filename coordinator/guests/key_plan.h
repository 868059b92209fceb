#pragma once
// The parts of the identity's plan before an attempt and after it: getting a host and a key, and
// keeping them proven. Pure.

#include "coordinator/guests/observed.h"

namespace innkeeper::plan {

// No key that answers the wish, and no attempt whose password may have left us.
Step PlanUnenrolled(const Observed& seen, const Timings& timings);

// The guest was enrolled: prove it at each new run, renew or repair it.
Step PlanEnrolled(const Observed& seen, const Timings& timings);

}  // namespace innkeeper::plan
