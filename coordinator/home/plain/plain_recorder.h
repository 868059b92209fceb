#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "base/guarded.h"
#include "coordinator/guests/home.h"
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
  struct State {
    std::deque<EventRecord> events;
    std::vector<std::function<void(const EventRecord&)>> listeners;
    int64_t next_id = 1;
  };
  PlainRecorder(Database& database, const Clock& clock, size_t kept)
      : database_(database), clock_(clock), kept_(kept) {}
  absl::Status Load();
  Database& database_;
  const Clock& clock_;
  const size_t kept_;
  Guarded<State> state_;
};

}  // namespace innkeeper
