#pragma once

#include "base/command_docs.h"

namespace innkeeper {

// What innkeeper(1) says beyond commands and options.
Manual CliManual();

}  // namespace innkeeper
