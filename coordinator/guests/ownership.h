#pragma once
// Whose a host entry is. The tag alone decides, never a name. Pure.

#include "coordinator/guests/observed.h"

namespace innkeeper {

enum class Ownership {
  kOurs,            // this guest's, with the tag it should have
  kOursElsewise,    // this guest's, but the tag is an old name's or `deleting`
  kAdoptable,       // our cluster, the same namespace/name, and the VM it was made for is gone
  kAdoptableLater,  // the same, but the inventory is not settled yet
  kOtherGuests,     // our cluster, another guest
  kForeign,         // no tag, or another cluster's
};
Ownership OwnershipOf(const HostRecord& host, const Observed& seen);

// The tag that this guest's host should carry.
OwnerTag TagOf(const Observed& seen);
OwnerTag DeletingTagOf(const Observed& seen);

}  // namespace innkeeper
