#pragma once
// How mirrors feed the parts of this home.

#include "coordinator/home/kube/kube_guest_store.h"
#include "coordinator/home/kube/kube_operation.h"
#include "coordinator/kube/mirror.h"

namespace innkeeper {

// Of all Guests.
class MirroredGuests final : public MirrorConsumer {
 public:
  // `store` outlives it.
  explicit MirroredGuests(KubeGuestStore& store) : store_(store) {}
  static KubeCollection Collection() {
    return {.kind = {kGuestGroup, kGuestVersion, kGuestPlural}};
  }
  void Begin() override { store_.BeginRead(); }
  void Upsert(const KubeMeta&, std::string_view object) override { store_.Upsert(object); }
  void Delete(const KubeMeta& gone) override { store_.Drop({gone.ns, gone.name}, gone.uid); }
  void Synced() override { store_.EndRead(); }

 private:
  KubeGuestStore& store_;
};

// Of KubeOperation::Watched.
class MirroredOperation final : public MirrorConsumer {
 public:
  // `operation` outlives it.
  explicit MirroredOperation(KubeOperation& operation) : operation_(operation) {}
  void Begin() override {}
  void Upsert(const KubeMeta&, std::string_view object) override { operation_.Upsert(object); }
  void Delete(const KubeMeta&) override { operation_.Drop(); }
  void Synced() override {}

 private:
  KubeOperation& operation_;
};

}  // namespace innkeeper
