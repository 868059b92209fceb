#pragma once
// The one thread that talks to SQLite. Writes that wait at the same time share one commit, so that
// the disk is asked to be sure once for all of them.

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/bounded_queue.h"
#include "base/call.h"
#include "base/guarded.h"
#include "coordinator/home/plain/sqlite.h"

namespace innkeeper {

class Database {
 public:
  // Runs on the database's thread. A failure undoes what this work did, and nothing else.
  using Work = std::function<absl::Status(SqliteDatabase&)>;

  // Opens, checks and migrates. Codes of SqliteDatabase and Migrate.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path);
  ~Database();
  // Works off what waits, and takes no more. Blocks; a second call does nothing.
  void Close();

  // Blocks until the work is durable, then `committed` has run (on the database's thread).
  // RESOURCE_EXHAUSTED: the disk is full, or too many wait. DEADLINE_EXCEEDED: it may still happen,
  // until Close has returned: what the two functions refer to must live until then.
  absl::Status Write(Work work, std::function<void()> committed, const Call& call);
  // Not waited for. False when too many wait: it was dropped.
  bool Post(Work work);
  // Only before the first Write or Post: for loading.
  SqliteDatabase& database() { return database_; }
  // A copy of everything committed, while work goes on. Blocks.
  absl::Status Backup(const std::string& path, const Call& call);
  // Of the last commit: for readiness. After a failure a write of no meaning is tried every few
  // seconds, so that this tells when the disk has room again, whether anybody writes or not.
  absl::Status Health() const;

 private:
  static constexpr size_t kMostWaiting = 4096;
  static constexpr size_t kMostPerCommit = 128;
  struct Job {
    Work work;
    std::function<void(absl::Status)> done;
  };
  explicit Database(SqliteDatabase database);
  void Run(std::stop_token stop);
  std::optional<Job> Next();
  void Commit(std::vector<Job> jobs);
  absl::Status RunOne(const Job& job);

  SqliteDatabase database_;
  mutable Guarded<absl::Status> health_;
  BoundedQueue<Job> jobs_{kMostWaiting};
  std::atomic<bool> closing_ = false;
  std::jthread thread_;
};

}  // namespace innkeeper
