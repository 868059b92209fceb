#include "coordinator/home/plain/plain_recorder.h"

#include "coordinator/guests/names.h"

namespace innkeeper {
namespace {

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

absl::StatusOr<std::deque<EventRecord>> Load(SqliteDatabase& database, size_t kept) {
  ASSIGN_OR_RETURN(
      SqliteStatement rows,
      database.Prepare("SELECT id, time, space, name, severity, reason, message FROM events"
                       " ORDER BY id DESC LIMIT ?"));
  rows.Bind(static_cast<int64_t>(kept));
  std::deque<EventRecord> events;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) return events;
    EventRecord event;
    event.id = rows.Int(0);
    event.time = absl::FromUnixNanos(rows.Int(1));
    event.guest = {rows.Text(2), rows.Text(3)};
    event.severity = ParseSeverity(rows.Text(4)).value_or(Severity::kNormal);
    // A code of a newer program: the message still says it.
    event.reason = ParseReason(rows.Text(5)).value_or(Reason::kInternal);
    event.message = rows.Text(6);
    events.push_front(std::move(event));
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<PlainRecorder>> PlainRecorder::Open(Database& database,
                                                                   const Clock& clock,
                                                                   size_t kept) {
  ASSIGN_OR_RETURN(std::deque<EventRecord> restored, Load(database.database(), kept));
  return std::unique_ptr<PlainRecorder>(
      new PlainRecorder(database, clock, kept, std::move(restored)));
}

void PlainRecorder::Record(const GuestKey& guest, Reason reason, const std::string& message) {
  events_.Add(clock_.Now(), guest, reason, message,
              [this](const EventRecord& event, int64_t oldest) {
                database_.Post([event, oldest](SqliteDatabase& database) -> absl::Status {
                  RETURN_IF_ERROR(Insert(database, event));
                  return event.id % kTrimEvery == 0 ? Trim(database, oldest - 1) : absl::OkStatus();
                });
              });
}

absl::StatusOr<std::vector<EventRecord>> PlainRecorder::List(const std::optional<GuestKey>& guest,
                                                             int64_t after, size_t limit,
                                                             const Call&) {
  return events_.List(guest, after, limit);
}

void PlainRecorder::OnEvent(std::function<void(const EventRecord&)> added) {
  events_.OnEvent(std::move(added));
}

}  // namespace innkeeper
