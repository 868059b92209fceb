#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "coordinator/guests/recent_events.h"
#include "coordinator/home/plain/database.h"

namespace innkeeper {

// The last so many events, in memory and as rows. An event that the database has no room for is
// still shown until a restart. Thread-safe.
class PlainRecorder final : public Recorder {
 public:
  static absl::StatusOr<std::unique_ptr<PlainRecorder>> Open(Database& database, const Clock& clock,
                                                             size_t kept);

  void Record(const GuestKey& guest, Reason reason, const std::string& message) override;
  absl::StatusOr<std::vector<EventRecord>> List(const std::optional<GuestKey>& guest, int64_t after,
                                                size_t limit, const Call& call) override;
  void OnEvent(std::function<void(const EventRecord&)> added) override;

 private:
  PlainRecorder(Database& database, const Clock& clock, size_t kept,
                std::deque<EventRecord> restored)
      : database_(database), clock_(clock), events_(kept, /*first_id=*/1, std::move(restored)) {}
  Database& database_;
  const Clock& clock_;
  RecentEvents events_;
};

}  // namespace innkeeper
