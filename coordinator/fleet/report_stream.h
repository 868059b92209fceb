#pragma once
// What one stream's reports amount to, in order: parts become a snapshot, numbers are watched,
// values decoded. Pure; one thread at a time.
//
//   waiting --Snapshot parts--> assembling --last--> synced --Delta n+1--> synced
//      ^                            |                  |
//      +------ anything else -------+--- gap: Resync --+

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/status.h"
#include "coordinator/fleet/agent_messages.h"
#include "coordinator/guests/node_reports.h"
#include "innkeeper/agent/v1/agent.pb.h"

namespace innkeeper {

// What to do about one message. Ends first, then the snapshot, then changes.
struct ReportStep {
  std::vector<GoneReport> gone;
  std::optional<std::vector<DomainReport>> snapshot;  // complete
  std::vector<DomainReport> changed;
  std::optional<agent::v1::HostUnits> units;
  std::optional<uint64_t> ack;
  const char* resync = nullptr;  // why a new snapshot must be asked for; null: not
  std::vector<Refusal> refused;
  absl::Status end;  // not OK: the peer is beyond help
};

class ReportStream {
 public:
  ReportStep Apply(agent::v1::Snapshot part, absl::Time now);
  ReportStep Apply(agent::v1::Delta delta, absl::Time now);
  ReportStep Apply(const agent::v1::Heartbeat& heartbeat);

 private:
  enum class State { kWaiting, kAssembling, kSynced };
  ReportStep Lost(const char* why);
  void TakeDomain(const agent::v1::Domain& domain, absl::Time now, ReportStep& step);

  State state_ = State::kWaiting;
  std::vector<DomainReport> domains_;
  std::vector<GoneReport> gone_;
  std::optional<agent::v1::HostUnits> units_;
  uint64_t sequence_ = 0;  // the last one applied
};

}  // namespace innkeeper
