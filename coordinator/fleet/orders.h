#pragma once
// The orders under way: which went to which node for which VM, and what became of them. Not
// thread-safe: the fleet holds it under its lock. An entry never holds a password.

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "coordinator/guests/ids.h"
#include "coordinator/guests/node_reports.h"
#include "coordinator/guests/vm.h"

namespace innkeeper {

struct OrderEntry {
  NodeIdentity node;  // that it was sent to
  VmUid uid;
  JobView view;
  MonotonicTime deadline;
  // The result is our own verdict (the node said nothing in time): a real one still replaces it.
  bool presumed = false;
};

class OrderTable {
 public:
  // Ids of acknowledged orders that are remembered, so that a result whose ResultAck was lost is
  // acknowledged again instead of being told twice.
  static constexpr size_t kRemembered = 16384;

  OrderEntry* Find(const std::string& id);
  void Put(OrderEntry entry);  // by entry.view.id
  // Gone from the table; its id is remembered.
  void Finish(const std::string& id);
  // Gone without being remembered: as if it had never been sent.
  void Drop(const std::string& id);
  bool WasFinished(const std::string& id) const { return finished_.contains(id); }

  // Without a result, sent to that node.
  std::vector<std::string> OpenOn(const NodeName& node) const;
  // Without a result and past their deadline: now with the presumed result kDeadline.
  std::vector<OrderEntry> Expire(MonotonicTime now);
  std::optional<MonotonicTime> NextDeadline() const;
  size_t size() const { return entries_.size(); }

 private:
  std::map<std::string, OrderEntry> entries_;
  std::set<std::string> finished_;
  std::deque<std::string> finished_order_;
};

}  // namespace innkeeper
