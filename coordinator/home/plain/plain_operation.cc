#include "coordinator/home/plain/plain_operation.h"

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
  ASSIGN_OR_RETURN(const OperationRecord loaded, DecodeOperation(rows.Text(0)));
  record_.With([&](OperationRecord& now) { now = loaded; });
  return absl::OkStatus();
}

OperationState PlainOperation::State() const {
  return record_.With(
      [&](OperationRecord& record) { return StateOf(record, limits_, clock_.Now()); });
}

absl::Status PlainOperation::Change(const std::function<absl::Status(OperationRecord&)>& change,
                                    const Call& call) {
  const std::scoped_lock one_at_a_time(changing_);
  OperationRecord next = record_.With([](OperationRecord& now) { return now; });
  const absl::Status verdict = change(next);
  const bool same = record_.With([&](OperationRecord& now) { return now == next; });
  if (same) return verdict;  // most calls while the brake holds: no write
  const std::string record = EncodeOperation(next);
  const auto work = [record](SqliteDatabase& database) -> absl::Status {
    ASSIGN_OR_RETURN(SqliteStatement put,
                     database.Prepare("INSERT OR REPLACE INTO operation VALUES (1, ?)"));
    return put.Bind(record).Run();
  };
  RETURN_IF_ERROR(database_.Write(
      work, [this, next] { record_.With([&](OperationRecord& now) { now = next; }); }, call));
  return verdict;
}

void PlainOperation::Tell() {
  for (const auto& listener : listeners_.With([](auto& all) { return all; })) listener();
}

absl::Status PlainOperation::Pause(const std::string& who, const Call& call) {
  RETURN_IF_ERROR(Change(
      [&](OperationRecord& record) {
        innkeeper::Pause(record, who);
        return absl::OkStatus();
      },
      call));
  Tell();
  return absl::OkStatus();
}

absl::Status PlainOperation::Resume(const Call& call) {
  RETURN_IF_ERROR(Change(
      [](OperationRecord& record) {
        innkeeper::Resume(record);
        return absl::OkStatus();
      },
      call));
  Tell();
  return absl::OkStatus();
}

absl::Status PlainOperation::ReleaseBrake(const Call& call) {
  RETURN_IF_ERROR(Change(
      [](OperationRecord& record) {
        innkeeper::ReleaseBrake(record);
        return absl::OkStatus();
      },
      call));
  Tell();
  return absl::OkStatus();
}

absl::Status PlainOperation::CountRemoval(const GuestKey& guest, const Call& call) {
  const absl::Time now = clock_.Now();
  return Change(
      [&](OperationRecord& record) { return innkeeper::CountRemoval(record, guest, limits_, now); },
      call);
}

void PlainOperation::OnChange(std::function<void()> changed) {
  listeners_.With([&](auto& all) { all.push_back(std::move(changed)); });
}

}  // namespace innkeeper
