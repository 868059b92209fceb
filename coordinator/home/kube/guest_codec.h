#pragma once
// Guests as the API server holds them: guests.innkeeper.dev/v1alpha1, whose schema is
// proto/innkeeper/guest/v1alpha1/guest.proto. Encoders and the decoder are exact inverses for
// everything the domain knows, within the limits of the schema: times keep their nanoseconds, texts
// and lists are cut where the API server would refuse the whole object.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "coordinator/guests/guest.h"

namespace innkeeper {

inline constexpr char kGuestGroup[] = "innkeeper.dev";
inline constexpr char kGuestVersion[] = "v1alpha1";
inline constexpr char kGuestPlural[] = "guests";
// Holds a Guest, never its VM, until its identity is gone from FreeIPA.
inline constexpr char kGuestFinalizer[] = "innkeeper.dev/identity";
// The VM's uid, also where no owner reference can say it: a VM that is not there.
inline constexpr char kVmUidLabel[] = "innkeeper.dev/vm-uid";

struct GuestObject {
  Guest guest;             // its version is metadata.resourceVersion
  std::string uid;         // of the object, not of the VM
  int64_t generation = 0;  // metadata.generation
  std::vector<std::string> finalizers;
  // INVALID_ARGUMENT naming the first field that makes no sense ("spec.identity.enroll: not true or
  // false"): then spec and status must not be acted upon; key, uid and version are right.
  absl::Status flaw;
};

// INVALID_ARGUMENT: no object, over 1 MiB, or its metadata is not an API server's. Fields that are
// not known are passed over (a newer version's); so are conditions of unknown type or reason, which
// are only for show. Any other unknown name is a flaw, never a guess.
absl::StatusOr<GuestObject> DecodeGuest(std::string_view object);

// Who a Guest goes with. Kind: VirtualMachine, or VirtualMachineInstance where there is no VM.
struct GuestOwner {
  std::string kind = "VirtualMachine";
  std::string name;
  VmUid uid;
};
// The value of metadata.ownerReferences. The owner is not held by its Guest (blockOwnerDeletion).
std::string EncodeOwners(const std::optional<GuestOwner>& owner);

// The body of a create: metadata and spec.
std::string EncodeNewGuest(const Guest& guest, const std::optional<GuestOwner>& owner);
// The value of spec.identity, for a merge patch: fields that are not set are null. What is not of
// the domain stays as it is.
std::string EncodeIdentity(const IdentitySpec& spec);
// The value of status, whole. `generation`: metadata.generation of the Guest that it answers.
std::string EncodeStatus(const GuestStatus& status, int64_t generation);

}  // namespace innkeeper
