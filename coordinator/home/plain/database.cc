#include "coordinator/home/plain/database.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/failpoint.h"
#include "base/log.h"
#include "base/thread_name.h"
#include "coordinator/home/plain/schema.h"

namespace innkeeper {
namespace {

// What a waiting writer and the database's thread share; the writer may be gone before the end.
struct Waiting {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::optional<absl::Status> result;
};

// How often a database that could not write is tried.
constexpr Duration kProbePause = std::chrono::seconds(2);

// Writes what is there already.
absl::Status Probe(SqliteDatabase& database) {
  int64_t version = 0;
  {
    ASSIGN_OR_RETURN(SqliteStatement query, database.Prepare("PRAGMA user_version"));
    ASSIGN_OR_RETURN(const bool row, query.Step());
    if (!row) return absl::InternalError("the database has no version");
    version = query.Int(0);
  }
  return database.Execute("PRAGMA user_version=" + std::to_string(version));
}

// Statuses share what they say; one that goes to another thread shares nothing.
absl::Status OwnCopy(const absl::Status& status) {
  return absl::Status(status.code(), status.message());
}

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const std::string& path) {
  ASSIGN_OR_RETURN(SqliteDatabase database, SqliteDatabase::Open(path));
  RETURN_IF_ERROR(Annotate(database.CheckIntegrity(), path));
  RETURN_IF_ERROR(Annotate(Migrate(database), path));
  return std::unique_ptr<Database>(new Database(std::move(database)));
}

Database::Database(SqliteDatabase database)
    : database_(std::move(database)), thread_([this](std::stop_token stop) {
        NameThread("database");
        Run(stop);
      }) {}

// What was queued is still written.
Database::~Database() { Close(); }

void Database::Close() {
  closing_ = true;
  jobs_.Close();
  if (thread_.joinable()) thread_.join();
}

absl::Status Database::Write(Work work, std::function<void()> committed, const Call& call) {
  RETURN_IF_ERROR(call.Check("write to the database"));
  const auto waiting = std::make_shared<Waiting>();
  Job job{std::move(work), [waiting, committed = std::move(committed)](absl::Status result) {
            if (result.ok() && committed) committed();
            const std::scoped_lock lock(waiting->mutex);
            waiting->result = std::move(result);
            waiting->changed.notify_all();
          }};
  if (!jobs_.Push(std::move(job)))
    return absl::ResourceExhaustedError("too many writes wait for the database");
  std::unique_lock lock(waiting->mutex);
  waiting->changed.wait_until(lock, call.stop, call.deadline,
                              [&] { return waiting->result.has_value(); });
  if (waiting->result) return *std::move(waiting->result);
  return absl::DeadlineExceededError("the database did not write in time; it may still");
}

bool Database::Post(Work work) {
  return jobs_.Push({std::move(work), [](const absl::Status&) {}});
}

absl::Status Database::Backup(const std::string& path, const Call& call) {
  RETURN_IF_ERROR(call.Check("back up"));
  return Write(
      [path](SqliteDatabase& database) {
        // A copy is made between transactions. What this commit's earlier work did is durable a
        // moment sooner for it.
        RETURN_IF_ERROR(database.Execute("RELEASE one; COMMIT"));
        const absl::Status copied = database.BackupTo(path);
        RETURN_IF_ERROR(database.Execute("BEGIN IMMEDIATE; SAVEPOINT one"));
        return copied;
      },
      {}, call);
}

absl::Status Database::Health() const {
  return health_.With([](absl::Status& health) { return OwnCopy(health); });
}

void Database::Run(std::stop_token) {
  // Not the thread's own token: after Close, what is queued is worked off first.
  while (std::optional<Job> first = Next()) {
    std::vector<Job> jobs;
    jobs.push_back(*std::move(first));
    while (jobs.size() < kMostPerCommit) {
      std::optional<Job> next = jobs_.PopUntil(MonotonicTime::min(), {});
      if (!next) break;
      jobs.push_back(*std::move(next));
    }
    Commit(std::move(jobs));
  }
}

std::optional<Database::Job> Database::Next() {
  if (Health().ok() || closing_) return jobs_.Pop({});
  std::optional<Job> next = jobs_.PopUntil(std::chrono::steady_clock::now() + kProbePause, {});
  if (next) return next;
  return closing_ ? jobs_.Pop({}) : Job{Probe, [](const absl::Status&) {}};
}

absl::Status Database::RunOne(const Job& job) {
  RETURN_IF_ERROR(database_.Execute("SAVEPOINT one"));
  absl::Status worked = job.work(database_);
  if (!worked.ok() && !database_.OutsideTransaction())
    static_cast<void>(database_.Execute("ROLLBACK TO one"));
  if (!database_.OutsideTransaction()) static_cast<void>(database_.Execute("RELEASE one"));
  return worked;
}

void Database::Commit(std::vector<Job> jobs) {
  absl::Status all = database_.Execute("BEGIN IMMEDIATE");
  std::vector<absl::Status> results;
  for (const Job& job : jobs) {
    results.push_back(all.ok() ? RunOne(job) : all);
    // A full disk rolls everything back, also what the jobs before did.
    if (all.ok() && database_.OutsideTransaction())
      all = results.back().ok() ? absl::InternalError("the transaction was lost") : results.back();
  }
  FAILPOINT("database.commit");
  if (all.ok()) all = database_.Execute("COMMIT");
  if (!all.ok() && !database_.OutsideTransaction())
    static_cast<void>(database_.Execute("ROLLBACK"));
  FAILPOINT("database.committed");
  const absl::StatusCode before = Health().code();
  if (all.code() != before) {
    if (all.ok())
      LogInfo("the database writes again");
    else
      LogError("the database does not write", {{"error", all}});
  }
  health_.With([&](absl::Status& health) { health = OwnCopy(all); });
  for (size_t i = 0; i < jobs.size(); ++i) jobs[i].done(OwnCopy(all.ok() ? results[i] : all));
}

}  // namespace innkeeper
