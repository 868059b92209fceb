#pragma once
// What somebody wants for a guest: pure. A set field of the Guest's spec wins over the domain's
// metadata, and only an explicit no takes an identity away.

#include <optional>

#include "coordinator/guests/guest.h"
#include "coordinator/guests/vm.h"

namespace innkeeper {

enum class Intent {
  kNone,  // nobody ever asked
  kEnroll,
  kDecline,   // an explicit no
  kVanished,  // there is an identity, and nobody asks for it any more: it stays
};

// `vm` is nothing when the VM is not known; then only the spec speaks.
Intent IntentOf(const Guest& guest, const std::optional<VmRecord>& vm);

// The explicitly wished FQDN: the spec's, else the metadata's, else empty.
std::string WishedFqdn(const Guest& guest, const std::optional<VmRecord>& vm);

// True while anything of an identity may exist outside: a name was assigned and not taken back.
inline bool HasIdentity(const Guest& guest) { return !guest.status.fqdn.text.empty(); }

}  // namespace innkeeper
