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

class PlainHome final : public Home {
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
  ~PlainHome() override;

  const ClusterId& cluster() const override { return cluster_; }
  GuestStore& guests() override { return *guests_; }
  NodeStore& nodes() override { return *nodes_; }
  Inventory& inventory() override { return *inventory_; }
  Recorder& recorder() override { return *recorder_; }
  Operation& operation() override { return *operation_; }
  Leadership& leadership() override { return *lock_; }
  Vault& vault() override { return *vault_; }

  // A domain's UUID is the VM's uid, and all work is the agents'.
  NodeReports& reports() override { return *inventory_; }
  const Inventory& domains() override { return *inventory_; }
  Delivery& DeliverBy(Delivery& agents) override { return agents; }
  absl::Status Start(const Call&) override { return absl::OkStatus(); }
  void Stop() override {}

  absl::Status Backup(const std::string& path, const Call& call) override;
  // Of the last write: RESOURCE_EXHAUSTED while the disk is full.
  absl::Status Health() override { return database_->Health(); }

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
