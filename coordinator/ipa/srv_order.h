#pragma once

#include <vector>

#include "base/random.h"
#include "coordinator/ipa/srv_reply.h"

namespace innkeeper {

// The order in which RFC 2782 wants servers tried: lowest priority first; among equals each place
// is drawn by weight, and a server of weight 0 has a small chance to come before others. Pure apart
// from `random`.
std::vector<SrvRecord> OrderServers(std::vector<SrvRecord> records, Random& random);

}  // namespace innkeeper
