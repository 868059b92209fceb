#include "coordinator/home/plain/sqlite.h"

#include <sqlite3.h>
#include <sys/stat.h>

namespace innkeeper {
namespace {

absl::StatusCode CodeOf(int result) {
  switch (result & 0xff) {
    case SQLITE_FULL:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    case SQLITE_CONSTRAINT:
      return absl::StatusCode::kAlreadyExists;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
      return absl::StatusCode::kUnavailable;
    default:
      return absl::StatusCode::kInternal;
  }
}

absl::Status StatusOf(int result, sqlite3* database, const std::string& doing) {
  if (result == SQLITE_OK) return absl::OkStatus();
  const char* why = database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(result);
  return absl::Status(CodeOf(result), doing + ": " + why);
}

}  // namespace

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);
}
void SqliteDatabase::Close::operator()(sqlite3* database) const noexcept {
  sqlite3_close_v2(database);
}

// A bind can only fail for want of memory or by our own mistake; the step then fails, too.
SqliteStatement& SqliteStatement::Bind(int64_t value) {
  sqlite3_bind_int64(statement_.get(), ++bound_, value);
  return *this;
}
SqliteStatement& SqliteStatement::Bind(const std::string& value) {
  sqlite3_bind_text64(statement_.get(), ++bound_, value.data(), value.size(), SQLITE_TRANSIENT,
                      SQLITE_UTF8);
  return *this;
}

absl::StatusOr<bool> SqliteStatement::Step() {
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  return StatusOf(result, sqlite3_db_handle(statement_.get()), "database");
}

absl::Status SqliteStatement::Run() {
  ASSIGN_OR_RETURN(const bool row, Step());
  return row ? absl::InternalError("database: a row where none was expected") : absl::OkStatus();
}

int64_t SqliteStatement::Int(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string SqliteStatement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return text == nullptr ? std::string() : std::string(text, static_cast<size_t>(size));
}

absl::StatusOr<SqliteDatabase> SqliteDatabase::Open(const std::string& path) {
  sqlite3* raw = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int result = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  SqliteDatabase database(raw);
  RETURN_IF_ERROR(StatusOf(result, raw, "open " + path));
  if (path != ":memory:") ::chmod(path.c_str(), 0600);
  // Exclusive: nobody else opens the file, so the log needs no shared memory.
  RETURN_IF_ERROR(
      database.Execute("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL;"
                       "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                       "PRAGMA trusted_schema=OFF;"));
  return database;
}

absl::StatusOr<SqliteStatement> SqliteDatabase::Prepare(const std::string& sql) {
  sqlite3_stmt* raw = nullptr;
  const int result =
      sqlite3_prepare_v2(database_.get(), sql.c_str(), static_cast<int>(sql.size()), &raw, nullptr);
  RETURN_IF_ERROR(StatusOf(result, database_.get(), "prepare"));
  return SqliteStatement(raw);
}

absl::Status SqliteDatabase::Execute(const std::string& sql) {
  return StatusOf(sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr),
                  database_.get(), "database");
}

int64_t SqliteDatabase::Changes() const { return sqlite3_changes64(database_.get()); }

bool SqliteDatabase::OutsideTransaction() const {
  return sqlite3_get_autocommit(database_.get()) != 0;
}

absl::Status SqliteDatabase::CheckIntegrity() {
  ASSIGN_OR_RETURN(SqliteStatement check, Prepare("PRAGMA integrity_check(1)"));
  ASSIGN_OR_RETURN(const bool row, check.Step());
  const std::string verdict = row ? check.Text(0) : "no answer";
  return verdict == "ok" ? absl::OkStatus() : absl::DataLossError("database damaged: " + verdict);
}

absl::Status SqliteDatabase::BackupTo(const std::string& path) {
  sqlite3* raw = nullptr;
  const int opened =
      sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  const SqliteDatabase copy(raw);
  RETURN_IF_ERROR(StatusOf(opened, raw, "open " + path));
  ::chmod(path.c_str(), 0600);
  sqlite3_backup* backup = sqlite3_backup_init(raw, "main", database_.get(), "main");
  if (backup == nullptr) return StatusOf(sqlite3_errcode(raw), raw, "back up to " + path);
  sqlite3_backup_step(backup, -1);
  return StatusOf(sqlite3_backup_finish(backup), raw, "back up to " + path);
}

}  // namespace innkeeper
