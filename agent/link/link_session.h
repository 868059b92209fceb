#pragma once
// What a message of the coordinator means for the agent. Pure but for the calls to the listener.

#include <optional>
#include <string>

#include "agent/link/coordinator_link.h"
#include "agent/link/link_outbox.h"
#include "base/clock.h"
#include "innkeeper/agent/v1/agent.pb.h"

namespace innkeeper {

struct LinkEvent {
  bool welcome = false;
  std::optional<Duration> heartbeat;  // 1 s to 5 min, whatever was asked
  std::string redirect;               // host:port; empty: stay
};

// Hands orders, cancellations and acknowledgements on. `current`: the stream is not being replaced;
// on one that is, numbers and resyncs mean nothing any more. Orders without an id, a domain or a
// job this version knows are answered at once with a result, so that nobody waits for them.
LinkEvent DispatchMessage(agent::v1::CoordinatorMessage message, bool current, LinkOutbox& outbox,
                          LinkListener& listener);

}  // namespace innkeeper
