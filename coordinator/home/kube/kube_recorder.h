#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "coordinator/guests/recent_events.h"

namespace innkeeper {

// The last so many events in memory, for `innkeeper events`; each is also handed to `publish`,
// which makes Kubernetes Events of the user's VM of them, where they stay. A new leader begins
// without the old one's; ids rise all the same. Thread-safe.
class KubeRecorder final : public Recorder {
 public:
  // Best effort; must not block or call back.
  using Publish = std::function<void(const EventRecord&)>;

  KubeRecorder(const Clock& clock, size_t kept, Publish publish)
      : clock_(clock),
        publish_(std::move(publish)),
        // Above every id of an earlier leader: nobody writes an event each microsecond.
        events_(kept, absl::ToUnixMicros(clock.Now())) {}

  void Record(const GuestKey& guest, Reason reason, const std::string& message) override {
    events_.Add(clock_.Now(), guest, reason, message,
                [this](const EventRecord& event, int64_t) { publish_(event); });
  }
  absl::StatusOr<std::vector<EventRecord>> List(const std::optional<GuestKey>& guest, int64_t after,
                                                size_t limit, const Call&) override {
    return events_.List(guest, after, limit);
  }
  void OnEvent(std::function<void(const EventRecord&)> added) override {
    events_.OnEvent(std::move(added));
  }

 private:
  const Clock& clock_;
  const Publish publish_;
  RecentEvents events_;
};

}  // namespace innkeeper
