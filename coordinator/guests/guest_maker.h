#pragma once
// From VMs that wish to be enrolled to guests: makes the record, and hands an old one over when a
// VM was restored under a new uid.

#include <set>

#include "base/guarded.h"
#include "coordinator/guests/identity_reconciler.h"

namespace innkeeper {

class GuestMaker {
 public:
  explicit GuestMaker(Seams seams) : seams_(seams) {}

  // Looks at one VM. The key of its guest, if it has one now; nothing when it needs none or cannot
  // have one (another VM's guest has its name: an event says so, once). Blocks on the store.
  absl::StatusOr<std::optional<GuestKey>> Consider(const VmUid& uid, const Call& call);

 private:
  absl::StatusOr<std::optional<GuestKey>> TakeOver(const VmRecord& vm, const Call& call);
  void TellCollision(const VmRecord& vm, const Guest& holder);

  const Seams seams_;
  Guarded<std::set<VmUid>> told_;
};

}  // namespace innkeeper
