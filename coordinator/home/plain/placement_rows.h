#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "coordinator/home/plain/database.h"
#include "coordinator/home/plain/rows.h"

namespace innkeeper {

// Placements as rows, written behind: whoever changes one does not wait, and while the disk is full
// the newest of each is kept in memory and tried again. Thread-safe.
class PlacementRows {
 public:
  explicit PlacementRows(Database& database);
  // Writes what is left, once.
  ~PlacementRows();

  // Before the first Put.
  absl::StatusOr<std::map<VmUid, PlacementRow>> Load();
  // Nothing: the row goes. Never blocks.
  void Put(const VmUid& uid, const std::optional<PlacementRow>& row);
  // How many changes are not on the disk yet.
  size_t pending() const;
  // Blocks until there are none.
  absl::Status Flush(const Call& call);

 private:
  using Changes = std::map<VmUid, std::optional<std::string>>;
  void Run(std::stop_token stop);
  absl::Status WriteOnce(const Call& call);

  Database& database_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  Changes changes_;
  bool writing_ = false;
  std::jthread thread_;
};

}  // namespace innkeeper
