#pragma once
// How mirrors of KubeVirt's kinds feed the inventory. An object that makes no sense is logged and
// passed over: the others go on.

#include <string>
#include <utility>
#include <vector>

#include "coordinator/home/kube/kube_inventory.h"
#include "coordinator/kube/mirror.h"

namespace innkeeper {

class MirroredVms final : public MirrorConsumer {
 public:
  // `inventory` outlives it, here and below.
  explicit MirroredVms(KubeInventory& inventory, std::string joiner_finalizer = kJoinerFinalizer)
      : inventory_(inventory), joiner_finalizer_(std::move(joiner_finalizer)) {}
  static KubeCollection Collection() { return {.kind = {"kubevirt.io", "v1", "virtualmachines"}}; }
  void Begin() override {}
  void Upsert(const KubeMeta& meta, std::string_view object) override;
  void Delete(const KubeMeta& gone) override { inventory_.DropVm({gone.uid}); }
  void Synced() override { inventory_.Synced(KubeInventory::Source::kVms); }

 private:
  KubeInventory& inventory_;
  const std::string joiner_finalizer_;
};

class MirroredVmis final : public MirrorConsumer {
 public:
  explicit MirroredVmis(KubeInventory& inventory) : inventory_(inventory) {}
  static KubeCollection Collection() {
    return {.kind = {"kubevirt.io", "v1", "virtualmachineinstances"}};
  }
  void Begin() override {}
  void Upsert(const KubeMeta& meta, std::string_view object) override;
  void Delete(const KubeMeta& gone) override { inventory_.DropVmi(gone.uid); }
  void Synced() override { inventory_.Synced(KubeInventory::Source::kVmis); }

 private:
  KubeInventory& inventory_;
};

// Namespaces, instance types or preferences: which of them ask to enrol the VMs in or of them.
class MirroredAsks final : public MirrorConsumer {
 public:
  MirroredAsks(KubeInventory& inventory, OptInSets::Kind kind)
      : inventory_(inventory), kind_(kind) {}
  struct Kind {
    OptInSets::Kind kind;
    KubeCollection collection;
  };
  static std::vector<Kind> Kinds();
  void Begin() override {}
  void Upsert(const KubeMeta& meta, std::string_view object) override;
  void Delete(const KubeMeta& gone) override {
    inventory_.SetAsks(kind_, gone.ns, gone.name, false);
  }
  void Synced() override {}

 private:
  KubeInventory& inventory_;
  const OptInSets::Kind kind_;
};

}  // namespace innkeeper
