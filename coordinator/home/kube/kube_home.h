#pragma once
// The home in a cluster: the Kubernetes API server.
//
//   Guests, status                     guests.innkeeper.dev
//   which VMs there are                watches of KubeVirt's kinds, joined with agents' reports
//   CA keys, tokens, nodes             Secrets of the coordinator's namespace
//   pause and brake                    ConfigMap innkeeper-operation there
//   who leads                          Lease innkeeper-coordinator there
//   what VMs boot with                 two Secrets beside each VM
//   virt-ipa-joiner's marks            annotations and a finalizer of VMs, where that is wished
//
// Threads: one for each mirror ("mirror"), "lease", "events", "secrets-N", "joiner-marks". A new
// leader looks at every guest and VM anew.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "coordinator/guests/home.h"
#include "coordinator/home/kube/boot_delivery.h"
#include "coordinator/home/kube/joiner_reconciler.h"
#include "coordinator/home/kube/kube_guest_store.h"
#include "coordinator/home/kube/kube_inventory.h"
#include "coordinator/home/kube/kube_leadership.h"
#include "coordinator/home/kube/kube_node_store.h"
#include "coordinator/home/kube/kube_operation.h"
#include "coordinator/home/kube/kube_recorder.h"
#include "coordinator/home/kube/kube_vault.h"
#include "coordinator/home/kube/mirrored.h"
#include "coordinator/home/kube/mirrored_vms.h"
#include "coordinator/home/kube/secrets_reconciler.h"
#include "coordinator/kube/events.h"
#include "coordinator/kube/kube_access.h"
#include "coordinator/kube/lease.h"

namespace innkeeper {

class KubeHome final : public Home {
 public:
  struct Options {
    KubeAccess access;
    std::string ns;        // ours
    std::string identity;  // of this process: a pod's name
    LeaseOptions lease;    // its names are filled in
    KubeInventory::Options inventory;
    RemovalLimits removals;
    SecretsReconciler::Options secrets;
    bool joiner_marks = false;  // virt-ipa-joiner's are kept on VMs
    JoinerReconciler::Options joiner;
    std::function<BootFacts()> facts;  // quick
    size_t events_kept = 10'000;
  };
  // Reads cluster id, pause and brake, nodes. FAILED_PRECONDITION: no cluster of ours (the CRD is
  // missing, ...). Errors are KubeClient's otherwise. Blocks on the API server. What it is given
  // outlives it.
  static absl::StatusOr<std::unique_ptr<KubeHome>> Create(Options options, const Clock& clock,
                                                          Random& random, const Call& call);
  ~KubeHome() override;

  // Leadership came or went, on the elector's thread: whoever acts looks at everything, or stops.
  // Before Start.
  void OnLeadership(std::function<void(bool leads)> led) { led_ = std::move(led); }
  KubeClient& client() { return *client_; }
  const std::string& ns() const { return options_.ns; }
  const OptInSets& opt_in() const { return inventory_->opt_in(); }

  const ClusterId& cluster() const override { return cluster_; }
  GuestStore& guests() override { return *guests_; }
  NodeStore& nodes() override { return *nodes_; }
  Inventory& inventory() override { return *inventory_; }
  Recorder& recorder() override { return *recorder_; }
  Operation& operation() override { return *operation_; }
  Leadership& leadership() override { return *leadership_; }
  Vault& vault() override { return *vault_; }
  NodeReports& reports() override { return *inventory_; }
  const Inventory& domains() override { return inventory_->domains(); }
  Delivery& DeliverBy(Delivery& agents) override;
  absl::Status Start(const Call& call) override;
  void Stop() override;
  absl::Status Backup(const std::string& path, const Call& call) override;
  absl::Status Health() override;

 private:
  struct Watched {
    std::unique_ptr<MirrorConsumer> consumer;
    KubeCollection collection;
    bool needed = true;  // we are not ready without it
    std::unique_ptr<Mirror> mirror = nullptr;
  };
  KubeHome(Options options, const Clock& clock, Random& random);
  absl::Status Open(const Call& call);
  void Watch(std::unique_ptr<MirrorConsumer> consumer, KubeCollection collection,
             bool needed = true);
  void Publish(const EventRecord& event);
  std::optional<GuestOwner> OwnerOf(const GuestKey& key, const VmUid& uid) const;
  void Led(bool leads);

  const Options options_;
  const Clock& clock_;
  Random& random_;
  std::function<void(bool leads)> led_;
  // In the order of construction; they go in the reverse.
  std::unique_ptr<KubeClient> client_, lease_client_;
  ClusterId cluster_;
  std::unique_ptr<KubeEvents> events_;
  std::unique_ptr<KubeVault> vault_;
  std::unique_ptr<KubeNodeStore> nodes_;
  std::unique_ptr<KubeInventory> inventory_;
  std::unique_ptr<KubeGuestStore> guests_;
  std::unique_ptr<KubeOperation> operation_;
  std::unique_ptr<KubeRecorder> recorder_;
  std::unique_ptr<LeaseElector> elector_;
  std::unique_ptr<KubeLeadership> leadership_;
  std::unique_ptr<VmSecrets> vm_secrets_;
  std::unique_ptr<SecretsReconciler> secrets_;
  std::unique_ptr<JoinerReconciler> joiner_;  // null: no marks are kept
  std::unique_ptr<BootDelivery> delivery_;
  std::vector<Watched> watched_;
};

}  // namespace innkeeper
