#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "coordinator/guests/home.h"

namespace innkeeper {

// The last so many events, in memory, with rising ids: what a Recorder of any home shows.
// Thread-safe; never blocks.
class RecentEvents {
 public:
  // `restored`: of an earlier run, oldest first. Without any, ids begin at `first_id`.
  RecentEvents(size_t kept, int64_t first_id, std::deque<EventRecord> restored = {});

  // Adds an event of that time and tells everybody. `store` is called first, in the order of ids,
  // with the id of the oldest event that is kept; it must not block or call back.
  using Store = std::function<void(const EventRecord& event, int64_t oldest)>;
  void Add(absl::Time time, const GuestKey& guest, Reason reason, const std::string& message,
           const Store& store);
  // As Recorder::List and Recorder::OnEvent.
  std::vector<EventRecord> List(const std::optional<GuestKey>& guest, int64_t after,
                                size_t limit) const;
  void OnEvent(std::function<void(const EventRecord&)> added);

 private:
  struct State {
    std::deque<EventRecord> events;
    std::vector<std::function<void(const EventRecord&)>> listeners;
    int64_t next_id = 1;
  };
  const size_t kept_;
  mutable Guarded<State> state_;
};

}  // namespace innkeeper
