#include "coordinator/guests/wish.h"

namespace innkeeper {

Intent IntentOf(const Guest& guest, const std::optional<VmRecord>& vm) {
  Wish wish = guest.spec.enroll;
  if (wish == Wish::kUnset && vm) wish = vm->wish;
  switch (wish) {
    case Wish::kYes:
      return Intent::kEnroll;
    case Wish::kNo:
      return Intent::kDecline;
    case Wish::kUnset:
      break;
  }
  return HasIdentity(guest) ? Intent::kVanished : Intent::kNone;
}

std::string WishedFqdn(const Guest& guest, const std::optional<VmRecord>& vm) {
  if (!guest.spec.fqdn.empty()) return guest.spec.fqdn;
  return vm ? vm->wish_fqdn : std::string();
}

}  // namespace innkeeper
