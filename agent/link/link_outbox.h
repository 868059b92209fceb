#pragma once
// What waits to go to the coordinator. Bounded everywhere: changes that do not fit are given up
// together, counted, and repaired by a new snapshot; results stay until they are acknowledged; of
// progress only the newest per order counts.
//
// Numbers: the snapshot that opens a stream is 0, each change one more, and so is each later
// snapshot. The end of a domain that the agent saw with its own eyes (undefined, migrated, a
// transient one stopped) is kept until the coordinator has acknowledged its number, and goes along
// with snapshots: a stream that breaks must not turn "undefined" into "nobody knows".

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "innkeeper/agent/v1/agent.pb.h"

namespace innkeeper {

// Thread-safe. Publish and the acknowledgements come from anywhere and never block; the rest is the
// writer's.
class LinkOutbox {
 public:
  struct Limits {
    size_t changes = 4096;
    size_t results = 4096;     // orders; the oldest result is given up
    size_t progress = 1024;    // orders; more is left out
    size_t ends = 1024;        // witnessed ends; the oldest is given up
    size_t part = 256 * 1024;  // bytes of one part of a snapshot, about
  };
  struct Counts {
    uint64_t drops = 0;         // changes given up
    uint64_t results_lost = 0;  // given up unacknowledged
    uint64_t snapshots = 0;
  };
  explicit LinkOutbox(Limits limits) : limits_(limits) {}

  void Publish(agent::v1::Domain domain);
  void Publish(agent::v1::DomainGone gone);
  void Publish(agent::v1::HostUnits units);
  void Publish(agent::v1::OrderProgress progress);
  void Publish(agent::v1::OrderResult result);
  void Acknowledge(uint64_t sequence);
  void AcknowledgeResult(const std::string& order_id);
  void RequestSnapshot();
  // Ends a wait of the writer, once.
  void Poke();

  // A stream opened: a snapshot is due, results are to be sent again.
  void Open();
  // No stream: changes are left out.
  void Close();
  // Waits for something to do, a Poke, the time or a stop request.
  void Wait(MonotonicTime until, std::stop_token stop);
  bool SnapshotDue() const;
  // Call right before the snapshot is taken: changes queued so far are in it.
  void BeginSnapshot();
  // The snapshot as messages, in order, numbered; to be sent before anything else.
  std::vector<agent::v1::AgentMessage> EndSnapshot(agent::v1::Snapshot snapshot);
  // The next message: results, then changes, then progress. Nothing while a snapshot is due.
  std::optional<agent::v1::AgentMessage> Next();
  // Only results that were not sent on this stream: what a stopping agent still says.
  std::optional<agent::v1::AgentMessage> NextResult();
  agent::v1::Heartbeat MakeHeartbeat() const;
  // Orders with a result that is not acknowledged.
  std::vector<std::string> KeptOrders() const;
  Counts counts() const;

 private:
  struct KeptResult {
    agent::v1::OrderResult result;
    bool sent = false;
  };
  struct KeptEnd {
    agent::v1::DomainGone gone;
    std::optional<uint64_t> sent_as;
  };

  void QueueLocked(agent::v1::Delta change);
  bool WorkLocked() const;
  void DropEndLocked(const std::string& uuid);
  std::optional<agent::v1::AgentMessage> NextResultLocked();
  agent::v1::AgentMessage NumberLocked(agent::v1::Delta change);

  const Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<agent::v1::Delta> changes_;
  std::list<KeptResult> results_;
  std::map<std::string, agent::v1::OrderProgress> progress_;
  std::list<KeptEnd> ends_;
  bool open_ = false, snapshot_due_ = false, poked_ = false;
  bool numbered_ = false;  // the stream's first snapshot was sent
  uint64_t sequence_ = 0;
  Counts counts_;
};

}  // namespace innkeeper
