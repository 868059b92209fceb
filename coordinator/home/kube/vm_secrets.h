#pragma once
// Writes the Secrets that VMs boot with. It creates and overwrites, and reads none: it holds no
// right to. Thread-safe; blocks on the API server.

#include <functional>
#include <optional>

#include "coordinator/home/kube/boot_secrets.h"
#include "coordinator/kube/kube_client.h"

namespace innkeeper {

class VmSecrets {
 public:
  // `find` knows a VM that carries our disk; nothing: no such VM any more. Both quick; all outlives
  // this.
  VmSecrets(KubeClient& client, std::function<std::optional<BootVm>(const VmUid&)> find,
            std::function<BootFacts()> facts)
      : client_(client), find_(std::move(find)), facts_(std::move(facts)) {}

  // The next boot joins by this job. UNAVAILABLE also when the VM is gone.
  absl::Status Load(const JoinJob& job, const Call& call);
  // No password lies there any more. OK when the VM is gone.
  absl::Status Clear(const VmUid& uid, bool enrolled, const Call& call);

  // A launcher pod waits for these: made when they are missing, else left as they are. True: made
  // now, so a password that was there is lost.
  absl::StatusOr<bool> EnsureDisk(const VmUid& uid, const Call& call);
  absl::StatusOr<bool> EnsureUserData(const VmUid& uid, std::string_view user, const Call& call);

 private:
  absl::Status Overwrite(const KubePath& path, const std::string& secret, const Call& call);
  absl::StatusOr<bool> Make(const KubePath& path, const std::string& secret, const Call& call);

  KubeClient& client_;
  const std::function<std::optional<BootVm>(const VmUid&)> find_;
  const std::function<BootFacts()> facts_;
};

}  // namespace innkeeper
