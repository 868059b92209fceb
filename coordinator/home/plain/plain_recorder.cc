#include "coordinator/home/plain/plain_recorder.h"

#include <algorithm>

#include "coordinator/guests/names.h"

namespace innkeeper {
namespace {

// Bytes; a message may quote a guest.
constexpr size_t kLongestMessage = 2048;
// Rows are thrown away in lots, not one by one.
constexpr int64_t kTrimEvery = 256;

absl::Status Insert(SqliteDatabase& database, const EventRecord& event) {
  ASSIGN_OR_RETURN(SqliteStatement insert,
                   database.Prepare("INSERT INTO events VALUES (?,?,?,?,?,?,?)"));
  return insert.Bind(event.id)
      .Bind(absl::ToUnixNanos(event.time))
      .Bind(event.guest.space)
      .Bind(event.guest.name)
      .Bind(NameOf(event.severity))
      .Bind(TextOf(event.reason).code)
      .Bind(event.message)
      .Run();
}

absl::Status Trim(SqliteDatabase& database, int64_t last_gone) {
  ASSIGN_OR_RETURN(SqliteStatement trim, database.Prepare("DELETE FROM events WHERE id<=?"));
  return trim.Bind(last_gone).Run();
}

}  // namespace

absl::StatusOr<std::unique_ptr<PlainRecorder>> PlainRecorder::Open(Database& database,
                                                                   const Clock& clock,
                                                                   size_t kept) {
  std::unique_ptr<PlainRecorder> recorder(new PlainRecorder(database, clock, kept));
  RETURN_IF_ERROR(recorder->Load());
  return recorder;
}

absl::Status PlainRecorder::Load() {
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   database_.database().Prepare(
                       "SELECT id, time, space, name, severity, reason, message FROM events"
                       " ORDER BY id DESC LIMIT ?"));
  rows.Bind(static_cast<int64_t>(kept_));
  State state;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) break;
    EventRecord event;
    event.id = rows.Int(0);
    event.time = absl::FromUnixNanos(rows.Int(1));
    event.guest = {rows.Text(2), rows.Text(3)};
    event.severity = ParseSeverity(rows.Text(4)).value_or(Severity::kNormal);
    // A code of a newer program: the message still says it.
    event.reason = ParseReason(rows.Text(5)).value_or(Reason::kInternal);
    event.message = rows.Text(6);
    state.events.push_front(std::move(event));
  }
  if (!state.events.empty()) state.next_id = state.events.back().id + 1;
  state_.With([&](State& s) { s = std::move(state); });
  return absl::OkStatus();
}

void PlainRecorder::Record(const GuestKey& guest, Reason reason, const std::string& message) {
  EventRecord event;
  event.time = clock_.Now();
  event.guest = guest;
  event.reason = reason;
  event.severity = ParseSeverity(TextOf(reason).severity).value_or(Severity::kNormal);
  event.message = message.substr(0, kLongestMessage);
  // Under the lock, so that rows come in the order of their ids.
  const auto listeners = state_.With([&](State& s) {
    event.id = s.next_id++;
    s.events.push_back(event);
    if (s.events.size() > kept_) s.events.pop_front();
    const int64_t last_gone = s.events.front().id - 1;
    database_.Post([event, last_gone](SqliteDatabase& database) -> absl::Status {
      RETURN_IF_ERROR(Insert(database, event));
      return event.id % kTrimEvery == 0 ? Trim(database, last_gone) : absl::OkStatus();
    });
    return s.listeners;
  });
  for (const auto& listener : listeners) listener(event);
}

absl::StatusOr<std::vector<EventRecord>> PlainRecorder::List(const std::optional<GuestKey>& guest,
                                                             int64_t after, size_t limit,
                                                             const Call&) {
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

void PlainRecorder::OnEvent(std::function<void(const EventRecord&)> added) {
  state_.With([&](State& s) { s.listeners.push_back(std::move(added)); });
}

}  // namespace innkeeper
