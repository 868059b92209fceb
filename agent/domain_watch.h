#pragma once
// Keeps one hypervisor's domain table true: events first, a cheap sweep as repair, a full list
// after each reconnect. One thread; libvirt's thread only copies events into its queue.

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "agent/domain_table.h"
#include "base/bounded_queue.h"
#include "base/clock.h"
#include "base/guarded.h"
#include "vm/hypervisor.h"

namespace innkeeper {

// Hears of changes on the watch's thread, or on the thread that called a setter. Must not block.
class DomainWatchListener {
 public:
  virtual ~DomainWatchListener() = default;
  virtual void OnDomain(agent::v1::Domain domain) = 0;
  virtual void OnGone(const DomainId& id, GoneReason why) = 0;
  // A guest's agent came or went: what was known of it may not hold for the next one.
  virtual void OnGuestAgentChanged(const DomainId& id) = 0;
  // A guest's agent came up (or the watch just learned of it): ask the guest who it is.
  virtual void OnGuestAgent(const DomainId& id) = 0;
  virtual void OnTurn() = 0;  // the loop turned: at least once per sweep interval
};

class DomainWatch {
 public:
  struct Options {
    std::string node_boot;
    Duration sweep = std::chrono::seconds(30);
    Duration call_timeout = std::chrono::seconds(10);
    size_t events = 4096;  // queued; more are dropped, counted, and repaired by a full list
  };
  DomainWatch(Options options, Hypervisor& hypervisor, const Clock& clock,
              DomainWatchListener& listener);
  ~DomainWatch();

  absl::Status Start();
  void Stop();

  // Thread-safe, never block.
  std::vector<agent::v1::Domain> Messages() const;
  std::vector<DomainId> ReachableGuests() const;  // running, with an open agent port
  bool Holds(const DomainId& id) const;
  void SetFacts(const DomainId& id, agent::v1::GuestFacts facts);
  void SetUnresponsive(const DomainId& id, bool unresponsive);
  void SetMachine(const DomainId& id, const std::string& unit);
  uint64_t drops() const { return events_.drops(); }
  // For metrics.
  std::map<RunState, size_t> CountByRunState() const;
  std::map<AgentChannel, size_t> CountByChannel() const;

 private:
  void Run(const std::stop_token& stop);
  void Handle(const HypervisorEvent& event, const std::stop_token& stop);
  void Relist(const std::stop_token& stop);
  void SweepOnce(const std::stop_token& stop);
  void Reread(const DomainId& id, const std::stop_token& stop);
  void Forget(const DomainId& id, GoneReason why);
  void NotThere(const DomainId& id);
  void Take(const DomainState& state);
  void Tell(const DomainTable::Change& change, AgentChannel before);
  template <class Use>
  void Apply(const DomainId& id, Use&& use);

  const Options options_;
  Hypervisor& hypervisor_;
  const Clock& clock_;
  DomainWatchListener& listener_;
  BoundedQueue<HypervisorEvent> events_;
  mutable Guarded<DomainTable> table_;
  // The thread's own:
  bool relist_ = true;            // the table may be wrong
  std::set<DomainId> undefined_;  // undefined while they run: gone for good when the run ends
  // Not there any more, and no event has said why. The event may still be on its way, and with it
  // the only witness of an undefine: only the second sweep without it calls a domain vanished.
  std::set<DomainId> unexplained_;
  std::jthread thread_;
};

}  // namespace innkeeper
