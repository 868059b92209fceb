#pragma once

#include <poll.h>

#include <string>
#include <vector>

#include "base/call.h"
#include "base/status.h"

namespace innkeeper {

// poll(2) that also ends at the call's deadline and at its stop request, without waking up to look.
// The number of descriptors that are ready (their revents are set); 0 after `at_most`.
// DEADLINE_EXCEEDED, CANCELLED: by call. INTERNAL: poll failed. Blocks.
absl::StatusOr<int> StoppablePoll(std::vector<pollfd>& fds, Duration at_most, const Call& call,
                                  const std::string& doing);

}  // namespace innkeeper
