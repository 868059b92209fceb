#include "coordinator/fleet/stream_registry.h"

#include <chrono>
#include <utility>

namespace innkeeper {

absl::Status StreamRegistry::Add(std::shared_ptr<AgentReactor> reactor) {
  const std::scoped_lock lock(mutex_);
  if (closed_) return absl::UnavailableError("shutting down");
  if (places_.size() >= limits_.streams) return absl::ResourceExhaustedError("too many streams");
  size_t same = 0;
  for (const auto& [stream, place] : places_) same += stream->node().node == reactor->node().node;
  if (same >= limits_.per_node) return absl::ResourceExhaustedError("too many streams of one node");
  AgentStream* const key = reactor.get();
  places_.emplace(key, Place{.reactor = std::move(reactor)});
  return absl::OkStatus();
}

void StreamRegistry::Remove(AgentStream* stream) {
  {
    const std::scoped_lock lock(mutex_);
    places_.erase(stream);
    std::erase_if(wakes_, [&](const auto& wake) { return wake.second == stream; });
  }
  changed_.notify_all();
}

std::vector<std::shared_ptr<AgentReactor>> StreamRegistry::Of(const NodeName& node) const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::shared_ptr<AgentReactor>> found;
  for (const auto& [stream, place] : places_) {
    if (stream->node().node == node) found.push_back(place.reactor);
  }
  return found;
}

size_t StreamRegistry::size() const {
  const std::scoped_lock lock(mutex_);
  return places_.size();
}

std::vector<std::shared_ptr<AgentReactor>> StreamRegistry::Close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  std::vector<std::shared_ptr<AgentReactor>> all;
  for (const auto& [stream, place] : places_) all.push_back(place.reactor);
  return all;
}

bool StreamRegistry::WaitEmpty(const Call& call) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, call.stop, call.deadline, [&] { return places_.empty(); });
}

void StreamRegistry::WakeAt(AgentStream* stream, MonotonicTime when) {
  {
    const std::scoped_lock lock(mutex_);
    const auto found = places_.find(stream);
    if (found == places_.end() || found->second.wake <= when) return;
    if (found->second.wake != MonotonicTime::max())
      std::erase_if(wakes_, [&](const auto& wake) { return wake.second == stream; });
    found->second.wake = when;
    wakes_.emplace(when, stream);
  }
  changed_.notify_all();
}

MonotonicTime StreamRegistry::NextWake() const {
  // Far enough; max() itself overflows in the wait.
  constexpr Duration kNever = std::chrono::hours(24);
  return wakes_.empty() ? std::chrono::steady_clock::now() + kNever : wakes_.begin()->first;
}

std::vector<std::shared_ptr<AgentReactor>> StreamRegistry::TakeDue(MonotonicTime now) {
  std::vector<std::shared_ptr<AgentReactor>> due;
  while (!wakes_.empty() && wakes_.begin()->first <= now) {
    Place& place = places_.at(wakes_.begin()->second);
    place.wake = MonotonicTime::max();
    due.push_back(place.reactor);
    wakes_.erase(wakes_.begin());
  }
  return due;
}

void StreamRegistry::RunTimer(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const MonotonicTime next = NextWake();
    changed_.wait_until(lock, stop, next, [&] { return NextWake() < next; });
    const auto due = TakeDue(std::chrono::steady_clock::now());
    lock.unlock();
    for (const auto& reactor : due) reactor->CheckTime();
    lock.lock();
  }
}

}  // namespace innkeeper
