#include "coordinator/guests/ownership.h"

namespace innkeeper {

OwnerTag TagOf(const Observed& seen) {
  return {seen.cluster, seen.guest.key, seen.guest.uid, std::nullopt};
}

OwnerTag DeletingTagOf(const Observed& seen) {
  OwnerTag tag = TagOf(seen);
  tag.deleting_term = seen.term;
  return tag;
}

Ownership OwnershipOf(const HostRecord& host, const Observed& seen) {
  const std::optional<OwnerTag> tag = host.Owner();
  if (!tag || tag->cluster != seen.cluster) return Ownership::kForeign;
  if (tag->uid == seen.guest.uid)
    return *tag == TagOf(seen) ? Ownership::kOurs : Ownership::kOursElsewise;
  if (tag->guest != seen.guest.key) return Ownership::kOtherGuests;
  if (!seen.settled) return Ownership::kAdoptableLater;
  return seen.host.tag_holder_gone ? Ownership::kAdoptable : Ownership::kOtherGuests;
}

}  // namespace innkeeper
