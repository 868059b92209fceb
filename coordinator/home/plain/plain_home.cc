#include "coordinator/home/plain/plain_home.h"

#include <unistd.h>

#include "coordinator/home/plain/cluster_id.h"

namespace innkeeper {

absl::StatusOr<std::unique_ptr<PlainHome>> PlainHome::Create(const Options& options,
                                                             const Clock& clock) {
  std::unique_ptr<PlainHome> home(new PlainHome);
  RETURN_IF_ERROR(home->Open(options, clock));
  return home;
}

// A write whose caller gave up waiting still happens, and then tells its store: the stores outlive
// the last of them. Placements are written until the end.
PlainHome::~PlainHome() {
  inventory_.reset();
  placements_.reset();
  if (database_) database_->Close();
}

absl::Status PlainHome::Open(const Options& options, const Clock& clock) {
  ASSIGN_OR_RETURN(lock_, StateLock::Acquire(options.state_dir));
  ASSIGN_OR_RETURN(cluster_, ClusterIdOf(options.state_dir, options.cluster_id));
  vault_ = std::make_unique<FileVault>(options.state_dir + "/vault");
  ASSIGN_OR_RETURN(database_, Database::Open(options.state_dir + "/innkeeper.db"));
  ASSIGN_OR_RETURN(guests_, PlainGuestStore::Open(*database_, clock));
  ASSIGN_OR_RETURN(nodes_, PlainNodeStore::Open(*database_));
  placements_ = std::make_unique<PlacementRows>(*database_);
  ASSIGN_OR_RETURN(inventory_,
                   PlainInventory::Open(*nodes_, *placements_, clock, options.inventory));
  ASSIGN_OR_RETURN(recorder_, PlainRecorder::Open(*database_, clock, options.events_kept));
  ASSIGN_OR_RETURN(operation_, PlainOperation::Open(*database_, clock, options.removals));
  return absl::OkStatus();
}

absl::Status PlainHome::Backup(const std::string& path, const Call& call) {
  if (path.empty() || path.front() != '/')
    return absl::InvalidArgumentError("not an absolute path: '" + path + "'");
  if (::access(path.c_str(), F_OK) == 0) return absl::AlreadyExistsError(path + " exists");
  return database_->Backup(path, call);
}

}  // namespace innkeeper
