#pragma once

#include "base/clock.h"
#include "base/status.h"
#include "innkeeper/agent/v1/agent.pb.h"
#include "vm/guest_agent/guest_agent.h"

namespace innkeeper {

// Asks a guest what it says of itself: abilities, system, host name, addresses, clock. Blocks, a
// few agent calls long; runs in the guest's lane. A question that the guest's agent does not
// support or forbids leaves its field empty; an agent that does not answer at all is the error.
absl::StatusOr<agent::v1::GuestFacts> InspectGuest(GuestAgent& guest, const DomainId& id,
                                                   const Clock& clock, const Call& call);

}  // namespace innkeeper
