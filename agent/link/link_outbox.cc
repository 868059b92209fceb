#include "agent/link/link_outbox.h"

#include <algorithm>
#include <set>
#include <utility>

namespace innkeeper {

using agent::v1::AgentMessage;
using agent::v1::Delta;
using agent::v1::DomainGone;

void LinkOutbox::QueueLocked(Delta change) {
  if (!open_ || !numbered_) return;  // the coming snapshot holds it
  if (changes_.size() >= limits_.changes) {
    counts_.drops += changes_.size() + 1;
    changes_.clear();
    snapshot_due_ = true;
  }
  if (snapshot_due_) return;
  changes_.push_back(std::move(change));
}

void LinkOutbox::DropEndLocked(const std::string& uuid) {
  std::erase_if(ends_, [&](const KeptEnd& end) { return end.gone.uuid() == uuid; });
}

void LinkOutbox::Publish(agent::v1::Domain domain) {
  {
    const std::scoped_lock lock(mutex_);
    DropEndLocked(domain.uuid());  // it is back
    Delta change;
    *change.mutable_domain() = std::move(domain);
    QueueLocked(std::move(change));
  }
  changed_.notify_all();
}

void LinkOutbox::Publish(DomainGone gone) {
  {
    const std::scoped_lock lock(mutex_);
    DropEndLocked(gone.uuid());
    if (gone.why() != DomainGone::WHY_VANISHED && gone.why() != DomainGone::WHY_UNSPECIFIED) {
      if (ends_.size() >= limits_.ends) ends_.pop_front();
      ends_.push_back({.gone = gone, .sent_as = std::nullopt});
    }
    Delta change;
    *change.mutable_gone() = std::move(gone);
    QueueLocked(std::move(change));
  }
  changed_.notify_all();
}

void LinkOutbox::Publish(agent::v1::HostUnits units) {
  {
    const std::scoped_lock lock(mutex_);
    Delta change;
    *change.mutable_units() = std::move(units);
    QueueLocked(std::move(change));
  }
  changed_.notify_all();
}

void LinkOutbox::Publish(agent::v1::OrderProgress progress) {
  {
    const std::scoped_lock lock(mutex_);
    if (progress_.size() >= limits_.progress && !progress_.contains(progress.id())) return;
    progress_[progress.id()] = std::move(progress);
  }
  changed_.notify_all();
}

void LinkOutbox::Publish(agent::v1::OrderResult result) {
  {
    const std::scoped_lock lock(mutex_);
    progress_.erase(result.id());
    std::erase_if(results_,
                  [&](const KeptResult& kept) { return kept.result.id() == result.id(); });
    if (results_.size() >= limits_.results) {
      results_.pop_front();
      ++counts_.results_lost;
    }
    results_.push_back({.result = std::move(result), .sent = false});
  }
  changed_.notify_all();
}

void LinkOutbox::Acknowledge(uint64_t sequence) {
  const std::scoped_lock lock(mutex_);
  if (!numbered_) return;
  std::erase_if(ends_, [&](const KeptEnd& end) { return end.sent_as && *end.sent_as <= sequence; });
}

void LinkOutbox::AcknowledgeResult(const std::string& order_id) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(results_, [&](const KeptResult& kept) { return kept.result.id() == order_id; });
}

void LinkOutbox::RequestSnapshot() {
  {
    const std::scoped_lock lock(mutex_);
    snapshot_due_ = open_;
    changes_.clear();
  }
  changed_.notify_all();
}

void LinkOutbox::Poke() {
  {
    const std::scoped_lock lock(mutex_);
    poked_ = true;
  }
  changed_.notify_all();
}

void LinkOutbox::Open() {
  {
    const std::scoped_lock lock(mutex_);
    open_ = true;
    snapshot_due_ = true;
    numbered_ = false;
    sequence_ = 0;
    changes_.clear();
    for (KeptResult& kept : results_) kept.sent = false;
    for (KeptEnd& end : ends_) end.sent_as.reset();
  }
  changed_.notify_all();
}

void LinkOutbox::Close() {
  const std::scoped_lock lock(mutex_);
  open_ = snapshot_due_ = numbered_ = false;
  changes_.clear();
}

bool LinkOutbox::WorkLocked() const {
  if (poked_) return true;
  if (!open_) return false;
  return snapshot_due_ || !changes_.empty() || !progress_.empty() ||
         std::any_of(results_.begin(), results_.end(), [](const auto& kept) { return !kept.sent; });
}

void LinkOutbox::Wait(MonotonicTime until, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, stop, until, [this] { return WorkLocked(); });
  poked_ = false;
}

bool LinkOutbox::SnapshotDue() const {
  const std::scoped_lock lock(mutex_);
  return snapshot_due_;
}

void LinkOutbox::BeginSnapshot() {
  const std::scoped_lock lock(mutex_);
  changes_.clear();
  snapshot_due_ = false;
  ++counts_.snapshots;
  if (numbered_) ++sequence_;
  numbered_ = true;  // from here on changes are queued behind the snapshot
}

std::vector<AgentMessage> LinkOutbox::EndSnapshot(agent::v1::Snapshot snapshot) {
  std::vector<AgentMessage> parts(1);
  std::set<std::string> present;
  size_t size = 0;
  const auto room_for = [&](size_t bytes) -> agent::v1::Snapshot& {
    if (size > 0 && size + bytes > limits_.part) {
      parts.emplace_back();
      size = 0;
    }
    size += bytes;
    return *parts.back().mutable_snapshot();
  };
  for (agent::v1::Domain& domain : *snapshot.mutable_domains()) {
    present.insert(domain.uuid());
    *room_for(domain.ByteSizeLong()).add_domains() = std::move(domain);
  }
  const std::scoped_lock lock(mutex_);
  for (KeptEnd& end : ends_) {
    // Still there for the snapshot: its end is newer and follows as a change.
    if (present.contains(end.gone.uuid())) continue;
    *room_for(end.gone.ByteSizeLong()).add_gone() = end.gone;
    end.sent_as = sequence_;
  }
  if (snapshot.has_units())
    *room_for(snapshot.units().ByteSizeLong()).mutable_units() =
        std::move(*snapshot.mutable_units());
  agent::v1::Snapshot& last = *parts.back().mutable_snapshot();
  last.set_last(true);
  last.set_sequence(sequence_);
  return parts;
}

AgentMessage LinkOutbox::NumberLocked(Delta change) {
  change.set_sequence(++sequence_);
  if (change.has_gone()) {
    for (KeptEnd& end : ends_) {
      if (end.gone.uuid() == change.gone().uuid()) end.sent_as = sequence_;
    }
  }
  AgentMessage message;
  *message.mutable_delta() = std::move(change);
  return message;
}

std::optional<AgentMessage> LinkOutbox::NextResultLocked() {
  for (KeptResult& kept : results_) {
    if (kept.sent) continue;
    kept.sent = true;
    AgentMessage message;
    *message.mutable_result() = kept.result;
    return message;
  }
  return std::nullopt;
}

std::optional<AgentMessage> LinkOutbox::NextResult() {
  const std::scoped_lock lock(mutex_);
  return open_ && numbered_ ? NextResultLocked() : std::nullopt;
}

std::optional<AgentMessage> LinkOutbox::Next() {
  const std::scoped_lock lock(mutex_);
  if (!open_ || snapshot_due_) return std::nullopt;
  if (std::optional<AgentMessage> result = NextResultLocked()) return result;
  if (!changes_.empty()) {
    Delta change = std::move(changes_.front());
    changes_.pop_front();
    return NumberLocked(std::move(change));
  }
  if (progress_.empty()) return std::nullopt;
  AgentMessage message;
  *message.mutable_progress() = std::move(progress_.begin()->second);
  progress_.erase(progress_.begin());
  return message;
}

agent::v1::Heartbeat LinkOutbox::MakeHeartbeat() const {
  const std::scoped_lock lock(mutex_);
  agent::v1::Heartbeat heartbeat;
  heartbeat.set_sequence(sequence_);
  heartbeat.set_drops(counts_.drops);
  return heartbeat;
}

std::vector<std::string> LinkOutbox::KeptOrders() const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> ids;
  for (const KeptResult& kept : results_) ids.push_back(kept.result.id());
  return ids;
}

LinkOutbox::Counts LinkOutbox::counts() const {
  const std::scoped_lock lock(mutex_);
  return counts_;
}

}  // namespace innkeeper
