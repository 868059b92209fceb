#pragma once

#include "base/command_docs.h"

namespace innkeeper {

// What innkeeper-coordinator(8) says beyond commands and options.
Manual CoordinatorManual();

}  // namespace innkeeper
