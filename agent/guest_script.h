#pragma once
// Builds the one guest-exec that runs a script of guest/ (contract: guest/README.md): the bootstrap
// in argv, everything else, the password above all, on standard input.

#include "base/status.h"
#include "innkeeper/agent/v1/agent.pb.h"
#include "vm/guest_agent/guest_agent.h"

namespace innkeeper {

// INVALID_ARGUMENT: a value that cannot be said in one line. An empty password asks what became of
// the attempt. `seconds`: the script's own time limit.
absl::StatusOr<GuestCommand> JoinCommand(const agent::v1::Enroll& enroll, int64_t seconds);
absl::StatusOr<GuestCommand> LeaveCommand(const agent::v1::Leave& leave, bool resume);
absl::StatusOr<GuestCommand> VerifyCommand(const agent::v1::Verify& verify);

}  // namespace innkeeper
