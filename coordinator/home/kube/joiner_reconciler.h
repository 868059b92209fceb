#pragma once
// Keeps virt-ipa-joiner's marks on VirtualMachines (joiner_plan.h) where the administrator wants
// that: `virt_ipa_joiner.marks`, and the component virt-ipa-joiner for the right to. Metadata alone
// is written, so a VM's generation does not move.

#include <memory>
#include <string>
#include <thread>

#include "base/guarded.h"
#include "base/work_queue.h"
#include "coordinator/home/kube/joiner_plan.h"
#include "coordinator/home/kube/kube_inventory.h"
#include "coordinator/kube/kube_client.h"

namespace innkeeper {

class JoinerReconciler {
 public:
  struct Options {
    std::string finalizer = kJoinerFinalizer;
    Backoff::Limits retry = {std::chrono::milliseconds(200), std::chrono::minutes(5)};
    Duration request_time = std::chrono::seconds(20);
  };
  struct Parts {
    KubeClient& client;
    KubeInventory& inventory;
    GuestStore& guests;
    Recorder& recorder;
    Leadership& leadership;
    const Clock& clock;
    Random& random;
  };
  // Subscribes to inventory and guests: make it before they are told anything. The parts outlive
  // it.
  JoinerReconciler(Parts parts, Options options);
  ~JoinerReconciler() { Stop(); }

  void Start();  // thread "joiner-marks"
  // No write is under way afterwards.
  void Stop();
  // Leadership came: every VM is looked at.
  void LookAtAll();
  // Works off one VM that is due; false when there is none. For tests, without Start.
  bool RunOne(const Call& call);
  WorkQueue& queue() { return *queue_; }

 private:
  void Process(const std::string& key, const Call& call);
  // How long until it is to be looked at again; zero: when something changes.
  absl::StatusOr<Duration> Reconcile(const VmUid& uid, const Call& call);
  absl::Status GiveUpHost(Guest guest, const Call& call);
  absl::Status Write(const JoinerVm& vm, const JoinerChange& change, const Call& call);

  const Parts parts_;
  const Options options_;
  const std::shared_ptr<WorkQueue> queue_;
  Guarded<bool> denied_{false};  // told already
  std::jthread thread_;
};

}  // namespace innkeeper
