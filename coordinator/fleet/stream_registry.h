#pragma once
// The open streams of the port and when each wants to be looked at. Internal to agent_service.

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <vector>

#include "base/call.h"
#include "base/clock.h"
#include "coordinator/fleet/agent_reactor.h"

namespace innkeeper {

// Thread-safe.
class StreamRegistry {
 public:
  struct Limits {
    size_t streams;
    size_t per_node;
  };
  explicit StreamRegistry(Limits limits) : limits_(limits) {}

  // RESOURCE_EXHAUSTED: over a limit. UNAVAILABLE: closed.
  absl::Status Add(std::shared_ptr<AgentReactor> reactor);
  void Remove(AgentStream* stream);
  std::vector<std::shared_ptr<AgentReactor>> Of(const NodeName& node) const;
  size_t size() const;

  // No more are added; returns those that are there.
  std::vector<std::shared_ptr<AgentReactor>> Close();
  // Waits until all are removed; false at the deadline.
  bool WaitEmpty(const Call& call);

  // The earliest time wins; a stream that is not there is ignored.
  void WakeAt(AgentStream* stream, MonotonicTime when);
  // Calls CheckTime of each stream whose time has come, until a stop request.
  void RunTimer(std::stop_token stop);

 private:
  struct Place {
    std::shared_ptr<AgentReactor> reactor;
    MonotonicTime wake = MonotonicTime::max();
  };
  std::vector<std::shared_ptr<AgentReactor>> TakeDue(MonotonicTime now);
  MonotonicTime NextWake() const;

  const Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<AgentStream*, Place> places_;
  std::multimap<MonotonicTime, AgentStream*> wakes_;
  bool closed_ = false;
};

}  // namespace innkeeper
