#pragma once
// Writes the Secrets that VMs boot with. It creates and updates, and reads none: it holds no right
// to. Thread-safe; blocks on the API server.
//
// Anybody who may write a VM may name any Secret of its namespace in it. That an update changes a
// Secret of this very VM alone is the word of ValidatingAdmissionPolicy innkeeper-secrets (deploy/
// coordinator), which sees the Secret as it is; so nothing is updated where a dry run finds that
// policy not in force. (A JSON Patch with a test would need no policy, but the right to patch lets
// its holder read: the server quotes values in its refusals.)

#include <functional>
#include <optional>

#include "base/clock.h"
#include "base/guarded.h"
#include "coordinator/home/kube/boot_secrets.h"
#include "coordinator/kube/kube_client.h"

namespace innkeeper {

class VmSecrets {
 public:
  // `find` knows a VM that carries our disk; nothing: no such VM any more. Both quick; all outlives
  // this.
  VmSecrets(KubeClient& client, const Clock& clock,
            std::function<std::optional<BootVm>(const VmUid&)> find,
            std::function<BootFacts()> facts)
      : client_(client), clock_(clock), find_(std::move(find)), facts_(std::move(facts)) {}

  // INVALID_ARGUMENT: the policy refuses: a Secret of that name is not this VM's, and left alone.
  // FAILED_PRECONDITION: there is no such policy.

  // The next boot joins by this job. UNAVAILABLE also when the VM is gone.
  absl::Status Load(const JoinJob& job, const Call& call);
  // No password lies there any more. OK when the VM is gone.
  absl::Status Clear(const VmUid& uid, bool enrolled, const Call& call);
  // What the VM's user-data refers to, composed of the user's own. OK when the VM is gone, or
  // refers to none of ours.
  absl::Status SetUserData(const VmUid& uid, std::string_view user, const Call& call);
  // A launcher pod waits for it: made when it is missing, else left as it is. True: made now, so a
  // password that was there is lost.
  absl::StatusOr<bool> EnsureDisk(const VmUid& uid, const Call& call);

 private:
  absl::Status Write(const BootVm& vm, const BootSecret& secret, const Call& call);
  absl::Status Make(const BootVm& vm, const BootSecret& secret, const Call& call);
  absl::Status Update(const BootVm& vm, const BootSecret& secret, const Call& call);
  absl::Status CheckPolicy(const std::string& ns, const Call& call);

  KubeClient& client_;
  const Clock& clock_;
  const std::function<std::optional<BootVm>(const VmUid&)> find_;
  const std::function<BootFacts()> facts_;
  Guarded<std::optional<MonotonicTime>> policy_seen_;
};

}  // namespace innkeeper
