#include "coordinator/fleet/orders.h"

#include <utility>

namespace innkeeper {

OrderEntry* OrderTable::Find(const std::string& id) {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second;
}

void OrderTable::Put(OrderEntry entry) {
  std::string id = entry.view.id;
  finished_.erase(id);  // sent again on purpose
  entries_.insert_or_assign(std::move(id), std::move(entry));
}

void OrderTable::Finish(const std::string& id) {
  entries_.erase(id);
  if (!finished_.insert(id).second) return;
  finished_order_.push_back(id);
  if (finished_order_.size() <= kRemembered) return;
  finished_.erase(finished_order_.front());
  finished_order_.pop_front();
}

void OrderTable::Drop(const std::string& id) { entries_.erase(id); }

std::vector<std::string> OrderTable::OpenOn(const NodeName& node) const {
  std::vector<std::string> ids;
  for (const auto& [id, entry] : entries_) {
    if (entry.node.node == node && !entry.view.result) ids.push_back(id);
  }
  return ids;
}

std::vector<OrderEntry> OrderTable::Expire(MonotonicTime now) {
  std::vector<OrderEntry> expired;
  for (auto& [id, entry] : entries_) {
    if (entry.view.result || entry.deadline > now) continue;
    entry.view.result = JobResult::kDeadline;
    entry.view.detail = "the node did not tell how it ended";
    entry.presumed = true;
    expired.push_back(entry);
  }
  return expired;
}

std::optional<MonotonicTime> OrderTable::NextDeadline() const {
  std::optional<MonotonicTime> next;
  for (const auto& [id, entry] : entries_) {
    if (!entry.view.result && (!next || entry.deadline < *next)) next = entry.deadline;
  }
  return next;
}

}  // namespace innkeeper
