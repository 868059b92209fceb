#include "coordinator/home/plain/placement_rows.h"

#include <utility>

#include "base/thread_name.h"

namespace innkeeper {
namespace {

// After a write that failed; a full disk is not emptied faster by asking more often.
constexpr auto kRetry = std::chrono::seconds(2);
constexpr auto kWriteLimit = std::chrono::seconds(30);

absl::Status WriteRow(SqliteDatabase& database, const VmUid& uid,
                      const std::optional<std::string>& record) {
  if (!record) {
    ASSIGN_OR_RETURN(SqliteStatement erase, database.Prepare("DELETE FROM placements WHERE uid=?"));
    return erase.Bind(uid.text).Run();
  }
  ASSIGN_OR_RETURN(SqliteStatement put,
                   database.Prepare("INSERT OR REPLACE INTO placements VALUES (?,?)"));
  return put.Bind(uid.text).Bind(*record).Run();
}

}  // namespace

PlacementRows::PlacementRows(Database& database)
    : database_(database), thread_([this](std::stop_token stop) {
        NameThread("placements");
        Run(stop);
      }) {}

PlacementRows::~PlacementRows() {
  thread_.request_stop();
  thread_.join();
  static_cast<void>(WriteOnce(Call::Within(kWriteLimit)));
}

absl::StatusOr<std::map<VmUid, PlacementRow>> PlacementRows::Load() {
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   database_.database().Prepare("SELECT uid, record FROM placements"));
  std::map<VmUid, PlacementRow> loaded;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) return loaded;
    absl::StatusOr<PlacementRow> placement = DecodePlacement(rows.Text(1));
    if (!placement.ok()) return Annotate(placement.status(), "placement of " + rows.Text(0));
    loaded[VmUid{rows.Text(0)}] = *std::move(placement);
  }
}

void PlacementRows::Put(const VmUid& uid, const std::optional<PlacementRow>& row) {
  {
    const std::scoped_lock lock(mutex_);
    changes_[uid] = row ? std::optional(EncodePlacement(*row)) : std::nullopt;
  }
  changed_.notify_all();
}

size_t PlacementRows::pending() const {
  const std::scoped_lock lock(mutex_);
  return changes_.size() + (writing_ ? 1 : 0);
}

absl::Status PlacementRows::Flush(const Call& call) {
  std::unique_lock lock(mutex_);
  const bool done = changed_.wait_until(lock, call.stop, call.deadline,
                                        [&] { return changes_.empty() && !writing_; });
  return done ? absl::OkStatus() : call.Check("write placements");
}

absl::Status PlacementRows::WriteOnce(const Call& call) {
  Changes changes;
  {
    const std::scoped_lock lock(mutex_);
    changes.swap(changes_);
    writing_ = !changes.empty();
  }
  if (changes.empty()) return absl::OkStatus();
  const absl::Status written = database_.Write(
      [changes](SqliteDatabase& database) {
        for (const auto& [uid, record] : changes) RETURN_IF_ERROR(WriteRow(database, uid, record));
        return absl::OkStatus();
      },
      {}, call);
  {
    const std::scoped_lock lock(mutex_);
    writing_ = false;
    if (!written.ok()) changes_.merge(changes);  // newer ones stay
  }
  changed_.notify_all();
  return written;
}

void PlacementRows::Run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, stop, [&] { return !changes_.empty(); });
    }
    if (stop.stop_requested() || WriteOnce(Call::Within(kWriteLimit)).ok()) continue;
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, kRetry, [] { return false; });
  }
}

}  // namespace innkeeper
