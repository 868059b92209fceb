#pragma once
// How mirrors feed the parts of this home.

#include <functional>
#include <utility>

#include "coordinator/home/kube/kube_guest_store.h"
#include "coordinator/home/kube/kube_operation.h"
#include "coordinator/kube/mirror.h"

namespace innkeeper {

// Of all Guests.
class MirroredGuests final : public MirrorConsumer {
 public:
  // `store` outlives it. `read` is called after each full read.
  MirroredGuests(KubeGuestStore& store, std::function<void()> read)
      : store_(store), read_(std::move(read)) {}
  static KubeCollection Collection() {
    return {.kind = {kGuestGroup, kGuestVersion, kGuestPlural}};
  }
  void Begin() override { store_.BeginRead(); }
  void Upsert(const KubeMeta&, std::string_view object) override { store_.Upsert(object); }
  void Delete(const KubeMeta& gone) override { store_.Drop({gone.ns, gone.name}, gone.uid); }
  void Synced() override {
    store_.EndRead();
    read_();
  }

 private:
  KubeGuestStore& store_;
  const std::function<void()> read_;
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
