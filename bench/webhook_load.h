#pragma once
// Reviews for a webhook over kept connections, as an API server sends them. One thread, the
// caller's.

#include <string>
#include <vector>

#include "base/call.h"
#include "base/status.h"
#include "base/tls.h"

namespace innkeeper {

struct Load {
  uint16_t port = 0;
  std::string request;  // all of it, head and body
  size_t connections = 16;
  size_t requests = 0;
  double per_second = 0;  // offered, answered or not; 0: each connection asks again when answered
};

// Microseconds from when each request was due until its answer was there, in the order of the
// answers. All connections stand before the first request is due. FAILED_PRECONDITION: an answer
// other than 200.
absl::StatusOr<std::vector<double>> SendLoad(const TlsContext& context, const Load& load,
                                             const Call& call);

}  // namespace innkeeper
