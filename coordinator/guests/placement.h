#pragma once
// Which node holds a VM. Pure. The first node that reports a uid holds it. Another one may take it
// over only by the old one's word (migrated, undefined, a transient domain that ended) or an
// operator's (the node was revoked or forgotten); until then the placement is disputed and nobody
// gets orders.
//
//                      Gone(undefined), no claimant
//            +----------------------------------------------> kRemoved (released)
//            |         Gone(vanished)                               |
//   (none) -> kPresent <------------------> kMissing                | Report by any node
//            ^   |     Report by holder        | Gone(transient     v
//            |   |                             | ended): released   kPresent, that node holds
//            |   +- Report by another: claimant (disputed)
//            +----- Gone(any word) by the holder: the first claimant holds

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "coordinator/guests/node_reports.h"
#include "coordinator/guests/vm.h"

namespace innkeeper {

struct Placement {
  NodeName holder;
  std::vector<NodeName> claimants;  // other nodes that report the same uid, in order of arrival
  VmPresence presence = VmPresence::kPresent;
  bool released = false;  // the holder or an operator gave it up: the next reporter holds it
};

enum class PlacementChange {
  kNone,
  kMinor,  // the same holder, the same presence; claimants may differ
  kMoved,  // another node holds it, or its presence changed
};

// `node` reports the uid.
PlacementChange PlaceReport(Placement& placement, const NodeName& node);
// `node` says that it has the uid no longer.
PlacementChange PlaceGone(Placement& placement, const NodeName& node, GoneWhy why);
// An operator says that the node is no more.
PlacementChange PlaceNodeLost(Placement& placement, const NodeName& node);

}  // namespace innkeeper
