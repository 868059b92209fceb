#pragma once
// The agent's composition root: the only place that names its concrete parts.

#include <memory>

#include "agent/config.h"
#include "base/daemon.h"
#include "base/status.h"

namespace innkeeper {

class Agent {
 public:
  // FAILED_PRECONDITION: the node has not joined. Nothing is started yet.
  static absl::StatusOr<std::unique_ptr<Agent>> Create(const AgentConfig& config);
  virtual ~Agent() = default;
  // Adds what it consists of to the daemon, in the order of start.
  virtual void AddTo(Daemon& daemon) = 0;
};

}  // namespace innkeeper
