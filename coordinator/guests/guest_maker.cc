#include "coordinator/guests/guest_maker.h"

#include "base/log.h"
#include "coordinator/guests/wish.h"

namespace innkeeper {
namespace {

// True when the VM that the record was made for cannot come back to it.
bool IsAbandoned(const Guest& guest, const std::optional<VmRecord>& old) {
  if (!old || old->presence == VmPresence::kRemoved) return true;
  return old->presence == VmPresence::kMissing && !HasIdentity(guest);
}

// The name stays. Host and key must be found to be this VM's before anything is built on them.
GuestStatus StatusForNewVm(GuestStatus status) {
  status.attempt.reset();
  status.enrolled_generation = -1;
  status.verified_run.clear();
  status.next_try.reset();
  status.setback.reset();
  status.conditions.erase(ConditionType::kHostRegistered);
  return status;
}

}  // namespace

absl::StatusOr<std::optional<GuestKey>> GuestMaker::Consider(const VmUid& uid, const Call& call) {
  const absl::StatusOr<Guest> known = seams_.store.GetByUid(uid, call);
  if (known.ok()) return known->key;
  if (!absl::IsNotFound(known.status())) return known.status();
  const std::optional<VmRecord> vm = seams_.inventory.Find(uid);
  const bool wishes =
      vm && vm->presence == VmPresence::kPresent && !vm->deleting && vm->wish == Wish::kYes;
  if (!wishes || !vm->disputed_by.empty()) return std::nullopt;
  if (!seams_.leadership.Leads()) return absl::UnavailableError("another one leads");
  if (const absl::Status name = ParseGuestKey(vm->key.Text()).status(); !name.ok()) {
    LogWarning("a domain's name cannot be a guest's", {{"node", vm->node.text}, {"error", name}});
    return std::nullopt;
  }
  Guest guest;
  guest.key = vm->key;
  guest.uid = uid;
  guest.created = seams_.clock.Now();
  const absl::StatusOr<Guest> made = seams_.store.Create(std::move(guest), call);
  if (made.ok()) return made->key;
  if (!absl::IsAlreadyExists(made.status())) return made.status();
  return TakeOver(*vm, call);
}

absl::StatusOr<std::optional<GuestKey>> GuestMaker::TakeOver(const VmRecord& vm, const Call& call) {
  absl::StatusOr<Guest> holder = seams_.store.Get(vm.key, call);
  // Gone or bound in this moment: look again.
  if (absl::IsNotFound(holder.status())) return absl::AbortedError("the guest changes hands");
  RETURN_IF_ERROR(holder.status());
  if (holder->uid == vm.uid) return holder->key;
  if (!seams_.inventory.Settled()) return absl::UnavailableError("the inventory is not settled");
  if (holder->deleting || holder->status.leaving_since)
    return absl::UnavailableError("the former guest of that name is being removed");
  if (!IsAbandoned(*holder, seams_.inventory.Find(holder->uid))) {
    TellCollision(vm, *holder);
    return std::nullopt;
  }
  holder->status = StatusForNewVm(holder->status);
  RETURN_IF_ERROR(seams_.store.Rebind(*holder, vm.uid, call).status());
  seams_.recorder.Record(vm.key, Reason::kAdopted, "taken over by VM " + vm.uid.text);
  return vm.key;
}

void GuestMaker::TellCollision(const VmRecord& vm, const Guest& holder) {
  const bool fresh = told_.With([&](std::set<VmUid>& told) { return told.insert(vm.uid).second; });
  if (!fresh) return;
  seams_.recorder.Record(vm.key, Reason::kNameTaken,
                         "VM " + vm.uid.text + " on node " + vm.node.text + " has the name of VM " +
                             holder.uid.text + " and is not enrolled");
}

}  // namespace innkeeper
