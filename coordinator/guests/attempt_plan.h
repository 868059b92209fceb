#pragma once
// The part of the identity's plan that concerns one attempt to join. Pure.

#include "coordinator/guests/observed.h"

namespace innkeeper::plan {

// The guest has an attempt whose password may have left us: deliver, ask, wait or judge its result.
Step PlanIssuedAttempt(const Observed& seen, const Timings& timings);

// The guest has an attempt past its deadline: the password is withdrawn, then the attempt closed.
Step PlanExpiredAttempt(const Observed& seen, const Timings& timings);
bool IsAttemptExpired(const Observed& seen, const Timings& timings);
// Until then; not positive: it is past. The guest must have an attempt.
Duration LeftOfAttempt(const Observed& seen, const Timings& timings);

}  // namespace innkeeper::plan
