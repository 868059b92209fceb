#pragma once
// The link over gRPC: one writer and one reader thread.
//
//   writer: dial -> Hello -> snapshot -> results, changes, progress, heartbeats ... -> broken:
//           wait (jittered, growing; short again after a Welcome) -> dial
//   reader: reads the newest stream after the older ones have ended; calls the listener
//
// After Reload (a renewed certificate) the writer opens a second stream with a higher epoch and
// goes on there; the coordinator ends the first, which the reader has read to its end. Nothing is
// lost in between: what was sent on the old stream and not seen is in the new one's snapshot, and
// results stay until they are acknowledged.

#include <memory>
#include <string>
#include <vector>

#include "agent/link/coordinator_link.h"
#include "agent/link/link_outbox.h"
#include "agent/link/link_stream.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/status.h"

namespace prometheus {
class Registry;
}

namespace innkeeper {

class GrpcCoordinatorLink : public CoordinatorLink {
 public:
  struct Options {
    std::vector<std::string> endpoints;  // host:port, tried in turn
    std::string version;
    std::string boot_id;
    std::vector<std::string> features;
    Backoff::Limits retry{std::chrono::seconds(1), std::chrono::seconds(60)};
    Duration handover = std::chrono::seconds(10);  // how long an old stream may outlive a new one
    LinkOutbox::Limits outbox;
  };
  // INVALID_ARGUMENT: no endpoint. Clock, random and registry outlive it.
  static absl::StatusOr<std::unique_ptr<GrpcCoordinatorLink>> Create(
      Options options, LinkDialer dialer, const Clock& clock, Random& random,
      prometheus::Registry& registry);

  // The key pair changed: open a new stream with it, then leave the old. Any thread, never blocks.
  virtual void Reload() = 0;
};

}  // namespace innkeeper
