#pragma once

#include <string>

#include "base/call.h"
#include "base/status.h"

namespace innkeeper {

// One command to a guest agent that listens on a unix socket (qemu-ga -m unix-listen), as libvirt
// would send it: a delimited sync first, so that leftovers of an earlier caller are skipped, then
// the command. Returns the agent's line. The failures are those of Hypervisor::AgentCommand:
// kNotConnected when nobody listens, kUnresponsive after `seconds`, kTooLarge beyond 4 MiB. Blocks.
absl::StatusOr<std::string> AskAgentSocket(const std::string& socket, const std::string& command,
                                           int seconds, const Call& call);

}  // namespace innkeeper
