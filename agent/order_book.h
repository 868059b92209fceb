#pragma once
// The orders this agent was given: each id is worked on once, whoever sends it how often; results
// are kept until the coordinator has stored them.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/guest_task.h"
#include "agent/lanes.h"
#include "base/guarded.h"

namespace innkeeper {

class OrderBook {
 public:
  // The guest agent that reaches a domain, or nullptr when this node does not hold it.
  using FindGuest = std::function<GuestAgent*(const DomainId&)>;
  // Refreshes what is known of a guest; `done` is called with the outcome.
  using Inspect = std::function<void(const DomainId&, std::function<void(absl::Status)> done)>;

  OrderBook(Lanes& lanes, const Clock& clock, FindGuest find_guest, Inspect inspect,
            TaskReport report);

  // Any thread; never blocks. A known id is answered with what there is of it.
  void Accept(agent::v1::Order order);
  void Cancel(const std::string& id);
  void Acknowledge(const std::string& id);
  void DomainGone(const DomainId& domain);
  std::vector<std::string> Open() const;
  // By result class name, since start: for metrics.
  std::map<agent::v1::ResultClass, uint64_t> ResultCounts() const;

 private:
  struct Entry {
    std::shared_ptr<GuestTask> task;               // null for an inspection
    std::optional<agent::v1::OrderResult> result;  // finished
  };
  struct Book {
    std::map<std::string, Entry> entries;
    std::map<agent::v1::ResultClass, uint64_t> counts;
  };
  void Run(const std::string& id, agent::v1::Order order);
  void RunInspection(const agent::v1::Order& order);
  void Finish(const agent::v1::OrderResult& result);
  void Refuse(const agent::v1::Order& order, agent::v1::ResultClass why, const char* detail);

  Lanes& lanes_;
  const Clock& clock_;
  const FindGuest find_guest_;
  const Inspect inspect_;
  const TaskReport report_;
  mutable Guarded<Book> book_;
};

}  // namespace innkeeper
