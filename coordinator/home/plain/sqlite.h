#pragma once
// SQLite's C API with owners and statuses. Not thread-safe.

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace innkeeper {

// A prepared statement: bind the parameters in order, then step through the rows.
class SqliteStatement {
 public:
  SqliteStatement& Bind(int64_t value);
  SqliteStatement& Bind(const std::string& value);
  // True when there is a row, false at the end.
  absl::StatusOr<bool> Step();
  // Steps once and expects no row.
  absl::Status Run();
  // Of the current row.
  int64_t Int(int column) const;
  std::string Text(int column) const;

 private:
  friend class SqliteDatabase;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bound_ = 0;
};

// Codes of every method: RESOURCE_EXHAUSTED disk full; UNAVAILABLE the file cannot be written or
// read now; DATA_LOSS it is damaged or no database; ALREADY_EXISTS a constraint; INTERNAL the rest.
class SqliteDatabase {
 public:
  // Opens or makes it; write-ahead log, synchronous FULL, this process alone. Blocks.
  static absl::StatusOr<SqliteDatabase> Open(const std::string& path);

  absl::StatusOr<SqliteStatement> Prepare(const std::string& sql);
  // Statements without parameters and results, separated by ';'.
  absl::Status Execute(const std::string& sql);
  // Rows changed by the last statement.
  int64_t Changes() const;
  // False after BEGIN until COMMIT or ROLLBACK; some errors roll back by themselves.
  bool OutsideTransaction() const;
  // OK, or DATA_LOSS with what is wrong.
  absl::Status CheckIntegrity();
  // A consistent copy while it is in use. `path` is replaced.
  absl::Status BackupTo(const std::string& path);

 private:
  struct Close {
    void operator()(sqlite3* database) const noexcept;
  };
  explicit SqliteDatabase(sqlite3* database) : database_(database) {}
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace innkeeper
