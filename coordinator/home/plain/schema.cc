#include "coordinator/home/plain/schema.h"

#include <string>

namespace innkeeper {
namespace {

// kSteps[n] leads from version n to n + 1. Steps are never edited once released, only added.
// Times are nanoseconds since 1970, UTC. Texts of enums are those of guests/names.h.
constexpr const char* kSteps[] = {
    R"sql(
CREATE TABLE guests (
  space TEXT NOT NULL, name TEXT NOT NULL,
  uid TEXT NOT NULL UNIQUE,
  spec TEXT NOT NULL,      -- JSON, home/plain/rows.h
  status TEXT NOT NULL,    -- JSON
  created INTEGER NOT NULL,
  deleting INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL,
  PRIMARY KEY (space, name)) WITHOUT ROWID;
CREATE TABLE nodes (
  node TEXT NOT NULL PRIMARY KEY,
  space TEXT NOT NULL,
  revoked INTEGER NOT NULL,
  joined INTEGER NOT NULL,
  serial TEXT NOT NULL,
  expires INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE placements (
  uid TEXT NOT NULL PRIMARY KEY,
  record TEXT NOT NULL     -- JSON
  ) WITHOUT ROWID;
CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  time INTEGER NOT NULL,
  space TEXT NOT NULL, name TEXT NOT NULL,
  severity TEXT NOT NULL, reason TEXT NOT NULL, message TEXT NOT NULL);
CREATE TABLE operation (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  record TEXT NOT NULL);   -- JSON
)sql",
    "ALTER TABLE nodes ADD COLUMN told_authority TEXT NOT NULL DEFAULT '';",
};

}  // namespace

int NewestSchema() { return static_cast<int>(std::size(kSteps)); }

absl::Status Migrate(SqliteDatabase& database) {
  int64_t version = 0;
  {
    ASSIGN_OR_RETURN(SqliteStatement query, database.Prepare("PRAGMA user_version"));
    ASSIGN_OR_RETURN(const bool row, query.Step());
    if (row) version = query.Int(0);
  }
  if (version > NewestSchema())
    return absl::FailedPreconditionError(
        "the database has schema " + std::to_string(version) + ", this program knows up to " +
        std::to_string(NewestSchema()) + ": a newer coordinator wrote it");
  for (; version < NewestSchema(); ++version) {
    const std::string step = std::string("BEGIN IMMEDIATE;") + kSteps[version] +
                             "PRAGMA user_version=" + std::to_string(version + 1) + ";COMMIT;";
    RETURN_IF_ERROR(Annotate(database.Execute(step), "migrate"));
  }
  return absl::OkStatus();
}

}  // namespace innkeeper
