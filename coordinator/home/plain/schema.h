#pragma once

#include "coordinator/home/plain/sqlite.h"

namespace innkeeper {

// The newest version of the schema that this program knows; PRAGMA user_version holds a file's.
int NewestSchema();

// Brings the schema to the newest version, each step in a transaction of its own.
// FAILED_PRECONDITION: the file was written by a newer program; nothing was changed.
absl::Status Migrate(SqliteDatabase& database);

}  // namespace innkeeper
