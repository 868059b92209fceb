#include "coordinator/guests/placement.h"

#include <algorithm>

namespace innkeeper {
namespace {

bool EraseClaim(Placement& placement, const NodeName& node) {
  return std::erase(placement.claimants, node) > 0;
}

PlacementChange Hold(Placement& placement, const NodeName& node) {
  EraseClaim(placement, node);
  placement.holder = node;
  placement.presence = VmPresence::kPresent;
  placement.released = false;
  return PlacementChange::kMoved;
}

// The holder has it no longer: an undefine with claimants around was the end of a move.
PlacementChange Release(Placement& placement, VmPresence presence) {
  if (!placement.claimants.empty()) return Hold(placement, NodeName(placement.claimants.front()));
  const bool changed = placement.presence != presence;
  placement.presence = presence;
  placement.released = true;
  return changed ? PlacementChange::kMoved : PlacementChange::kMinor;
}

}  // namespace

PlacementChange PlaceReport(Placement& placement, const NodeName& node) {
  if (placement.holder.text.empty() || placement.released) return Hold(placement, node);
  if (placement.holder == node) {
    if (placement.presence == VmPresence::kPresent) return PlacementChange::kNone;
    placement.presence = VmPresence::kPresent;
    return PlacementChange::kMoved;
  }
  const auto& claimants = placement.claimants;
  if (std::find(claimants.begin(), claimants.end(), node) != claimants.end())
    return PlacementChange::kNone;
  placement.claimants.push_back(node);
  return PlacementChange::kMinor;
}

PlacementChange PlaceGone(Placement& placement, const NodeName& node, GoneWhy why) {
  if (placement.holder != node)
    return EraseClaim(placement, node) ? PlacementChange::kMinor : PlacementChange::kNone;
  switch (why) {
    case GoneWhy::kUndefined:
      return Release(placement, VmPresence::kRemoved);
    case GoneWhy::kTransientEnded:
    case GoneWhy::kMigrated:
      return Release(placement, VmPresence::kMissing);
    case GoneWhy::kVanished:
      break;
  }
  // Nobody's word: it may still run there. Only the holder may report it again.
  if (placement.presence != VmPresence::kPresent) return PlacementChange::kNone;
  placement.presence = VmPresence::kMissing;
  return PlacementChange::kMoved;
}

PlacementChange PlaceNodeLost(Placement& placement, const NodeName& node) {
  if (placement.holder != node)
    return EraseClaim(placement, node) ? PlacementChange::kMinor : PlacementChange::kNone;
  // A witnessed removal stays one.
  const bool removed = placement.presence == VmPresence::kRemoved;
  return Release(placement, removed ? VmPresence::kRemoved : VmPresence::kMissing);
}

}  // namespace innkeeper
