#pragma once

#include <string>

namespace innkeeper {

// docs/reference/reasons.md, from the table of reason codes.
std::string ReasonsReference();

}  // namespace innkeeper
