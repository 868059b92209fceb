#include "coordinator/home/plain/plain_operation.h"

#include <algorithm>

namespace innkeeper {

absl::StatusOr<std::unique_ptr<PlainOperation>> PlainOperation::Open(Database& database,
                                                                     const Clock& clock,
                                                                     Limits limits) {
  std::unique_ptr<PlainOperation> operation(new PlainOperation(database, clock, limits));
  RETURN_IF_ERROR(operation->Load());
  return operation;
}

absl::Status PlainOperation::Load() {
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   database_.database().Prepare("SELECT record FROM operation"));
  ASSIGN_OR_RETURN(const bool row, rows.Step());
  if (!row) return absl::OkStatus();
  ASSIGN_OR_RETURN(const OperationRow loaded, DecodeOperation(rows.Text(0)));
  row_.With([&](OperationRow& now) { now = loaded; });
  return absl::OkStatus();
}

OperationState PlainOperation::State() const {
  const absl::Time start = clock_.Now() - absl::FromChrono(limits_.window);
  return row_.With([&](OperationRow& row) {
    OperationState state{row.paused, row.paused_by, row.brake, row.brake_reason, {}};
    for (const OperationRow::Removal& removal : row.removals) {
      if (removal.time >= start) state.removals.push_back(removal.time);
    }
    return state;
  });
}

absl::Status PlainOperation::Change(const std::function<absl::Status(OperationRow&)>& change,
                                    const Call& call) {
  const std::scoped_lock one_at_a_time(changing_);
  OperationRow next = row_.With([](OperationRow& row) { return row; });
  const absl::Status verdict = change(next);
  const std::string record = EncodeOperation(next);
  const auto work = [record](SqliteDatabase& database) -> absl::Status {
    ASSIGN_OR_RETURN(SqliteStatement put,
                     database.Prepare("INSERT OR REPLACE INTO operation VALUES (1, ?)"));
    return put.Bind(record).Run();
  };
  RETURN_IF_ERROR(database_.Write(
      work, [this, next] { row_.With([&](OperationRow& row) { row = next; }); }, call));
  return verdict;
}

void PlainOperation::Tell() {
  for (const auto& listener : listeners_.With([](auto& all) { return all; })) listener();
}

absl::Status PlainOperation::Pause(const std::string& who, const Call& call) {
  RETURN_IF_ERROR(Change(
      [&](OperationRow& row) {
        row.paused = true;
        row.paused_by = who;
        return absl::OkStatus();
      },
      call));
  Tell();
  return absl::OkStatus();
}

absl::Status PlainOperation::Resume(const Call& call) {
  RETURN_IF_ERROR(Change(
      [](OperationRow& row) {
        row.paused = false;
        row.paused_by.clear();
        return absl::OkStatus();
      },
      call));
  Tell();
  return absl::OkStatus();
}

absl::Status PlainOperation::ReleaseBrake(const Call& call) {
  RETURN_IF_ERROR(Change(
      [](OperationRow& row) {
        row.brake = false;
        row.brake_reason.clear();
        row.removals.clear();
        return absl::OkStatus();
      },
      call));
  Tell();
  return absl::OkStatus();
}

absl::Status PlainOperation::CountRemoval(const GuestKey& guest, const Call& call) {
  const absl::Time now = clock_.Now();
  const absl::Time start = now - absl::FromChrono(limits_.window);
  const auto held = [](const OperationRow& row) {
    return absl::FailedPreconditionError("the brake holds: " + row.brake_reason);
  };
  // Most calls while it holds: no write.
  if (const OperationRow row = row_.With([](OperationRow& r) { return r; }); row.brake) {
    const bool counted = std::any_of(row.removals.begin(), row.removals.end(), [&](const auto& r) {
      return r.guest == guest && r.time >= start;
    });
    return counted ? absl::OkStatus() : held(row);
  }
  return Change(
      [&](OperationRow& row) -> absl::Status {
        // A time in the future is of a clock that was set back: it counts on.
        std::erase_if(row.removals, [&](const auto& removal) { return removal.time < start; });
        for (const OperationRow::Removal& removal : row.removals) {
          if (removal.guest == guest) return absl::OkStatus();
        }
        if (row.removals.size() >= limits_.removals) {
          row.brake = true;
          row.brake_reason = std::to_string(row.removals.size()) + " removals within the window";
          return held(row);
        }
        row.removals.push_back({guest, now});
        return absl::OkStatus();
      },
      call);
}

void PlainOperation::OnChange(std::function<void()> changed) {
  listeners_.With([&](auto& all) { all.push_back(std::move(changed)); });
}

}  // namespace innkeeper
