#pragma once
// What the `ipa` commands share: the configuration, and a login as an administrator.

#include <prometheus/registry.h>

#include <memory>
#include <optional>
#include <string>

#include "base/program.h"
#include "coordinator/config.h"
#include "coordinator/ipa/ipa.h"

namespace innkeeper {

struct LoadedConfig {
  CoordinatorConfig config;
  std::optional<int> ended;  // the exit code, when there is nothing to go on with
};
std::unique_ptr<LoadedConfig> LoadForIpa(const ProgramOptions& program);

struct IpaLogin {
  const Clock& clock;
  Random& random;
  prometheus::Registry& registry;
};
// As that user, whose password is read from standard input; a terminal is asked and does not show
// it. What `with` refers to outlives the connection. Errors are IpaConnection's. Blocks.
absl::StatusOr<std::unique_ptr<IpaConnection>> LogInAs(const std::string& user,
                                                       const CoordinatorConfig& config,
                                                       const IpaLogin& with, const Call& call);

// Asks a person at a terminal; true where there is none, or `yes`.
bool Consents(bool yes);

// The exit code; a failure is said on standard error.
int FinishIpa(const absl::Status& done);

}  // namespace innkeeper
