#pragma once
// Keeps the Secrets that VMs boot with: a launcher pod waits until both are there, but never for
// FreeIPA.
//
//   user-data   written as soon as a VM refers to it, anew when its source changes and at each
//               start (somebody may have deleted it)
//   join        written by the enrolment (VmSecrets::Load); where it is not there half a minute
//               after a VM wants it, or as soon as the guest cannot be enrolled, it is made as
//               `pending`: the guest boots without a password
//
// Nothing is written for a VM that runs: it has read them.

#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/guarded.h"
#include "base/work_queue.h"
#include "coordinator/home/kube/kube_inventory.h"
#include "coordinator/home/kube/vm_secrets.h"

namespace innkeeper {

class SecretsReconciler {
 public:
  struct Options {
    Duration pending_after = std::chrono::seconds(30);
    size_t workers = 4;
    Backoff::Limits retry = {std::chrono::milliseconds(200), std::chrono::minutes(1)};
    Duration request_time = std::chrono::seconds(20);
  };
  struct Parts {
    KubeClient& client;  // reads VirtualMachines, and users' Secrets where that is allowed
    VmSecrets& secrets;
    KubeInventory& inventory;
    GuestStore& guests;
    Recorder& recorder;
    Leadership& leadership;
    const Clock& clock;
    Random& random;
  };
  // Subscribes to inventory and guests: make it before they are told anything. The parts outlive
  // it.
  SecretsReconciler(Parts parts, Options options);
  ~SecretsReconciler() { Stop(); }

  void Start();
  // No write is under way afterwards.
  void Stop();
  // Leadership came: every VM is looked at.
  void LookAtAll();
  // Works off one VM that is due; false when there is none. For tests, without Start.
  bool RunOne(const Call& call);
  WorkQueue& queue() { return *queue_; }

 private:
  // What was written for a VM, so that it is not written again at each of its changes.
  struct Written {
    std::string user_data_run, disk_run;
    size_t source = 0;
    bool user_data = false, disk = false;
    std::string told;  // why it could not be written, as people were last told
  };
  void Work(std::stop_token stop);
  void Process(const std::string& key, const Call& call);
  // How long to wait for what comes next; zero: nothing does.
  absl::StatusOr<Duration> Reconcile(const VmUid& uid, const Call& call);
  absl::Status WriteUserData(const BootState& boot, Written& written, const Call& call);
  absl::StatusOr<Duration> EnsureDisk(const BootState& boot, Written& written, const Call& call);
  absl::StatusOr<std::string> ReadOriginal(const BootState& boot, const Call& call);
  absl::StatusOr<std::string> ReadUsersSecret(const std::string& ns, const std::string& name,
                                              const Call& call);
  bool CannotBeEnrolled(const VmUid& uid, const Call& call);

  const Parts parts_;
  const Options options_;
  const std::shared_ptr<WorkQueue> queue_;
  Guarded<std::unordered_map<std::string, Written>> written_;
  std::vector<std::jthread> threads_;
};

}  // namespace innkeeper
