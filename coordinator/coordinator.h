#pragma once
// The coordinator's composition root: the only place that names its concrete parts.

#include <memory>

#include "base/daemon.h"
#include "base/status.h"
#include "coordinator/config.h"

namespace innkeeper {

class Coordinator {
 public:
  // Opens the state (FAILED_PRECONDITION: another coordinator has it), binds the ports, starts
  // nothing.
  static absl::StatusOr<std::unique_ptr<Coordinator>> Create(const CoordinatorConfig& config);
  virtual ~Coordinator() = default;
  // Adds what it consists of to the daemon, in the order of start.
  virtual void AddTo(Daemon& daemon) = 0;
};

}  // namespace innkeeper
