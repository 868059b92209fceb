#include "coordinator/guests/testing/fake_home.h"

#include <algorithm>

namespace innkeeper {

void FakeRecorder::Record(const GuestKey& guest, Reason reason, const std::string& message) {
  EventRecord event;
  event.time = clock_.Now();
  event.guest = guest;
  event.severity =
      std::string(TextOf(reason).severity) == "Warning" ? Severity::kWarning : Severity::kNormal;
  event.reason = reason;
  event.message = message;
  const auto listeners = state_.With([&](State& s) {
    event.id = static_cast<int64_t>(s.events.size()) + 1;
    s.events.push_back(event);
    return s.listeners;
  });
  for (const auto& listener : listeners) listener(event);
}

absl::StatusOr<std::vector<EventRecord>> FakeRecorder::List(const std::optional<GuestKey>& guest,
                                                            int64_t after, size_t limit,
                                                            const Call& call) {
  RETURN_IF_ERROR(call.Check("list events"));
  return state_.With([&](State& s) {
    std::vector<EventRecord> events;
    for (const EventRecord& event : s.events) {
      if (event.id > after && (!guest || event.guest == *guest)) events.push_back(event);
    }
    if (events.size() > limit)
      events.erase(events.begin(), events.end() - static_cast<std::ptrdiff_t>(limit));
    return events;
  });
}

void FakeRecorder::OnEvent(std::function<void(const EventRecord&)> added) {
  state_.With([&](State& s) { s.listeners.push_back(std::move(added)); });
}

size_t FakeRecorder::Count(Reason reason) {
  return state_.With([&](State& s) {
    return static_cast<size_t>(
        std::count_if(s.events.begin(), s.events.end(),
                      [&](const EventRecord& event) { return event.reason == reason; }));
  });
}

OperationState FakeOperation::State() const { return state_; }

absl::Status FakeOperation::Told() {
  for (const auto& listener : listeners_) listener();
  return absl::OkStatus();
}

absl::Status FakeOperation::Pause(const std::string& who, const Call&) {
  state_.paused = true;
  state_.paused_by = who;
  return Told();
}

absl::Status FakeOperation::Resume(const Call&) {
  state_.paused = false;
  state_.paused_by.clear();
  return Told();
}

absl::Status FakeOperation::ReleaseBrake(const Call&) {
  state_.brake = false;
  state_.brake_reason.clear();
  state_.removals.clear();
  counted_.clear();
  return Told();
}

absl::Status FakeOperation::CountRemoval(const GuestKey& guest, const Call&) {
  const absl::Time start = clock_.Now() - window_;
  std::erase_if(counted_, [&](const auto& entry) { return entry.second < start; });
  std::erase_if(state_.removals, [&](absl::Time time) { return time < start; });
  if (counted_.contains(guest)) return absl::OkStatus();
  if (state_.brake) return absl::FailedPreconditionError("the brake holds");
  if (state_.removals.size() >= allowed_) {
    state_.brake = true;
    state_.brake_reason = "too many removals";
    return absl::FailedPreconditionError(state_.brake_reason);
  }
  counted_[guest] = clock_.Now();
  state_.removals.push_back(clock_.Now());
  return absl::OkStatus();
}

void FakeOperation::OnChange(std::function<void()> changed) {
  listeners_.push_back(std::move(changed));
}

absl::StatusOr<VaultEntry> FakeVault::Read(const std::string& name, const Call&) {
  return entries_.With([&](auto& entries) -> absl::StatusOr<VaultEntry> {
    const auto it = entries.find(name);
    if (it == entries.end()) return absl::NotFoundError("vault: " + name);
    return VaultEntry{Secret(std::string(it->second.bytes)), it->second.version};
  });
}

absl::StatusOr<int64_t> FakeVault::Write(const std::string& name, const Secret& bytes,
                                         int64_t version, const Call&) {
  return entries_.With([&](auto& entries) -> absl::StatusOr<int64_t> {
    const auto it = entries.find(name);
    const int64_t now = it == entries.end() ? 0 : it->second.version;
    if (now != version) return absl::AbortedError("vault: " + name + " was changed meanwhile");
    entries[name] = {std::string(bytes.Reveal()), now + 1};
    return now + 1;
  });
}

absl::Status FakeVault::Remove(const std::string& name, int64_t version, const Call&) {
  return entries_.With([&](auto& entries) -> absl::Status {
    const auto it = entries.find(name);
    if (it == entries.end()) return absl::NotFoundError("vault: " + name);
    if (it->second.version != version)
      return absl::AbortedError("vault: " + name + " was changed meanwhile");
    entries.erase(it);
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<std::string>> FakeVault::List(const std::string& prefix, const Call&) {
  return entries_.With([&](auto& entries) {
    std::vector<std::string> names;
    for (const auto& [name, entry] : entries) {
      if (name.compare(0, prefix.size(), prefix) == 0) names.push_back(name);
    }
    return names;
  });
}

absl::StatusOr<std::optional<NodeRecord>> FakeNodeStore::Find(const NodeName& node, const Call&) {
  return nodes_.With([&](auto& nodes) -> std::optional<NodeRecord> {
    const auto it = nodes.find(node);
    return it == nodes.end() ? std::nullopt : std::optional(it->second);
  });
}

absl::Status FakeNodeStore::Put(const NodeRecord& node, const Call&) {
  nodes_.With([&](auto& nodes) { nodes[node.identity.node] = node; });
  return absl::OkStatus();
}

absl::Status FakeNodeStore::Remove(const NodeName& node, const Call&) {
  const size_t erased = nodes_.With([&](auto& nodes) { return nodes.erase(node); });
  return erased > 0 ? absl::OkStatus() : absl::NotFoundError("node " + node.text);
}

absl::StatusOr<std::vector<NodeRecord>> FakeNodeStore::List(const Call&) {
  return nodes_.With([&](auto& nodes) {
    std::vector<NodeRecord> all;
    for (const auto& [name, record] : nodes) all.push_back(record);
    return all;
  });
}

}  // namespace innkeeper
