#pragma once

#include "base/command_docs.h"

namespace innkeeper {

// What innkeeper-agent(8) says beyond commands and options.
Manual AgentManual();

}  // namespace innkeeper
