#pragma once
// How virt-ipa-joiner's dialect is kept on one VirtualMachine. Pure.
//
// Annotations, on VMs that have a Guest and are not being deleted:
//   Enrolled is true          status "Enrolled as <fqdn>", no error
//   Failed                    error "Failed: <why>", no status
//   Conflict                  the same, except where the joiner wrote a status: that stays, and
//                             nothing is said of an error, until the host was adopted
//   enrolment declined, done  neither
//   anything on the way       as they are
//
// The finalizer, on VMs that are being deleted and have a Guest or ask for one:
//   a host of ours            the Guest is told to give it up; the finalizer goes when that is done
//                             or `kHostPatience` has passed: the Guest, which holds itself, goes on
//   anything else             it goes at once, and an Event says what was left
// Other VMs are none of ours: virt-ipa-joiner may still be there for them.

#include <optional>
#include <string>

#include "base/clock.h"
#include "coordinator/guests/guest.h"
#include "coordinator/guests/reasons.h"
#include "coordinator/home/kube/joiner_marks.h"

namespace innkeeper {

// How long a VM may be held while its host is removed.
inline constexpr Duration kHostPatience = std::chrono::minutes(1);

// What the index knows of the VM for this.
struct JoinerVm {
  GuestKey key;
  VmUid uid;
  Wish wish = Wish::kUnset;
  std::optional<absl::Time> deleting_since;
  JoinerMarks marks;
};

struct JoinerSeen {
  JoinerVm vm;
  std::optional<Guest> guest;     // of this very VM
  bool guest_unreadable = false;  // somebody edited it to nonsense
  bool settled = false;           // what is not there is really not there
  absl::Time now;
};

struct JoinerStep {
  JoinerChange change;
  bool give_up_host = false;  // the Guest declines enrolment from now on
  struct Told {
    Reason reason;
    std::string message;
  };
  std::optional<Told> told;  // once `change` was made
  Duration again = Duration::zero();
};
JoinerStep PlanJoiner(const JoinerSeen& seen);

}  // namespace innkeeper
