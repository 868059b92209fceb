#include "coordinator/guests/recent_events.h"

#include <algorithm>
#include <utility>

#include "coordinator/guests/names.h"

namespace innkeeper {
namespace {

// Bytes; a message may quote a guest.
constexpr size_t kLongestMessage = 2048;

}  // namespace

RecentEvents::RecentEvents(size_t kept, int64_t first_id, std::deque<EventRecord> restored)
    : kept_(kept) {
  state_.With([&](State& s) {
    s.next_id = restored.empty() ? first_id : restored.back().id + 1;
    s.events = std::move(restored);
  });
}

void RecentEvents::Add(absl::Time time, const GuestKey& guest, Reason reason,
                       const std::string& message, const Store& store) {
  EventRecord event;
  event.time = time;
  event.guest = guest;
  event.reason = reason;
  event.severity = ParseSeverity(TextOf(reason).severity).value_or(Severity::kNormal);
  event.message = message.substr(0, kLongestMessage);
  const auto listeners = state_.With([&](State& s) {
    event.id = s.next_id++;
    s.events.push_back(event);
    if (s.events.size() > kept_) s.events.pop_front();
    store(event, s.events.front().id);
    return s.listeners;
  });
  for (const auto& listener : listeners) listener(event);
}

std::vector<EventRecord> RecentEvents::List(const std::optional<GuestKey>& guest, int64_t after,
                                            size_t limit) const {
  return state_.With([&](State& s) {
    std::vector<EventRecord> found;
    for (auto it = s.events.rbegin(); it != s.events.rend() && found.size() < limit; ++it) {
      if (it->id <= after) break;
      if (!guest || it->guest == *guest) found.push_back(*it);
    }
    std::reverse(found.begin(), found.end());
    return found;
  });
}

void RecentEvents::OnEvent(std::function<void(const EventRecord&)> added) {
  state_.With([&](State& s) { s.listeners.push_back(std::move(added)); });
}

}  // namespace innkeeper
