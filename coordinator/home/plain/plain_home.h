#pragma once
// The home without Kubernetes: one directory.
//
//   <state_dir>/innkeeper.db   guests, nodes, placements, events, pause and brake (SQLite)
//   <state_dir>/vault/         CA keys and tokens, a file each, never in the database
//   <state_dir>/cluster-id     made once
//   <state_dir>/lock, term     who leads

#include <memory>
#include <string>

#include "coordinator/guests/home.h"
#include "coordinator/guests/node_reports.h"
#include "coordinator/home/plain/database.h"
#include "coordinator/home/plain/file_vault.h"
#include "coordinator/home/plain/placement_rows.h"
#include "coordinator/home/plain/plain_guest_store.h"
#include "coordinator/home/plain/plain_inventory.h"
#include "coordinator/home/plain/plain_node_store.h"
#include "coordinator/home/plain/plain_operation.h"
#include "coordinator/home/plain/plain_recorder.h"
#include "coordinator/home/plain/state_lock.h"

namespace innkeeper {

class PlainHome {
 public:
  struct Options {
    std::string state_dir;
    std::string cluster_id;  // empty: the file's
    PlainInventory::Options inventory;
    PlainOperation::Limits removals;
    size_t events_kept = 10'000;
  };
  // Locks, opens, checks, migrates and loads. FAILED_PRECONDITION: another coordinator has it, a
  // newer one wrote it, or the cluster id differs. DATA_LOSS: the database is damaged. Blocks on
  // the disk.
  static absl::StatusOr<std::unique_ptr<PlainHome>> Create(const Options& options,
                                                           const Clock& clock);
  // Blocks until what was written is on the disk, or was refused by it.
  ~PlainHome();

  const ClusterId& cluster() const { return cluster_; }
  GuestStore& guests() { return *guests_; }
  NodeStore& nodes() { return *nodes_; }
  Inventory& inventory() { return *inventory_; }
  NodeReports& reports() { return *inventory_; }
  Recorder& recorder() { return *recorder_; }
  Operation& operation() { return *operation_; }
  Leadership& leadership() { return *lock_; }
  Vault& vault() { return *vault_; }

  // A consistent copy of the database (no keys) while everything goes on; `path` is absolute and
  // must not exist (ALREADY_EXISTS). Blocks.
  absl::Status Backup(const std::string& path, const Call& call);
  // Of the last write: RESOURCE_EXHAUSTED while the disk is full. For readiness.
  absl::Status Health() const { return database_->Health(); }

 private:
  PlainHome() = default;
  absl::Status Open(const Options& options, const Clock& clock);
  // In the order of opening; they go in the reverse.
  std::unique_ptr<StateLock> lock_;
  ClusterId cluster_;
  std::unique_ptr<FileVault> vault_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<PlainGuestStore> guests_;
  std::unique_ptr<PlainNodeStore> nodes_;
  std::unique_ptr<PlacementRows> placements_;
  std::unique_ptr<PlainInventory> inventory_;
  std::unique_ptr<PlainRecorder> recorder_;
  std::unique_ptr<PlainOperation> operation_;
};

}  // namespace innkeeper
