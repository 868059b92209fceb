#pragma once

#include <string>
#include <vector>

namespace innkeeper {

// Runs tests/env/env, which brings real parts up for tests labelled `real`, with these words; its
// output. A failure fails the test's process (IK_CHECK): what it said is on stderr. Needs root and
// Debian 12.
std::string RunEnv(const std::vector<std::string>& words);

}  // namespace innkeeper
