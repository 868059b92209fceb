#pragma once
// What one pass over a guest has seen, and the one step to take next. Plain values: the plans are
// pure functions from the one to the other.

#include <optional>
#include <string>

#include "coordinator/guests/guest.h"
#include "coordinator/guests/ipa_client.h"
#include "coordinator/guests/policy.h"
#include "coordinator/guests/timings.h"
#include "coordinator/guests/vm.h"

namespace innkeeper {

// The host entry, as far as this pass has looked.
struct HostView {
  enum class Seen { kNot, kAbsent, kPresent };
  Seen seen = Seen::kNot;
  HostRecord record;             // when present
  bool tag_holder_gone = false;  // the other uid in its tag is no VM and no guest of ours any more
};

struct Observed {
  Guest guest;
  std::optional<VmRecord> vm;  // of the guest's uid
  PolicyDecision policy;
  HostView host;
  ClusterId cluster;
  std::string term;  // of our leadership
  bool paused = false;
  bool settled = false;  // the inventory knows enough to judge absence
  bool all_nodes_connected = false;
  bool suspect = false;  // a sweep of FreeIPA saw this host gone or without key
  absl::Time now;
  MonotonicTime monotonic;

  // Of this pass alone; a crash forgets them.
  bool attempt_fresh = false;     // this pass began the attempt and has not asked for its password
  bool password_in_hand = false;  // and stored which server issued it
  bool withdrawn = false;         // the last password was replaced by one that nobody knows
  std::string missing_group;      // FreeIPA has no such group: not asked again in this pass
};

enum class ActionKind {
  kWait,               // nothing to do now
  kAssignName,         // store the FQDN
  kLookAtHost,         // read the host entry
  kAddHost,            // without a password
  kAddHostForAttempt,  // with one, for the fresh attempt
  kNoteRegistered,     // the host seen is ours
  kTakeHost,           // give the host seen our present tag (adopted, renamed, wrongly `deleting`)
  kAddToGroup,         // `order` names the group
  kBeginAttempt,       // raise the password generation, store the attempt
  kIssuePassword,      // for the fresh attempt
  kDeliver,            // order the join
  kAskAboutAttempt,    // order without password: what became of it?
  kWithdrawPassword,   // replace it by one that nobody learns
  kFailAttempt,        // close it; try again after `again`
  kMarkEnrolled,       // proven from inside and confirmed by FreeIPA
  kMarkKeyHeld,        // the key is there, sssd is not
  kSendVerify,         // order a proof
  kSettleVerify,       // the proof said nothing; again after `again`
  kDisableHost,        // drop a key that the guest does not have
  kAcceptLoss,         // what was enrolled is not any more
  kClearDisk,          // the password on it is over
  kAcknowledge,        // `order` is over and concerns nobody
  kMarkDeleting,       // the VM is gone for good
  kBeginRemoval,       // asks the brake
  kDropAttempt,        // cancel it: the host goes
  kSendLeave,          // order the uninstall in the guest
  kRetagDeleting,      // announce the deletion in the host's tag
  kDeleteHost,         // its tag was read back
  kForgetIdentity,     // nothing of it is left outside
  kDeleteRecord,       // the guest itself
};

struct Step {
  ActionKind kind = ActionKind::kWait;
  Reason reason = Reason::kInternal;
  std::string message;
  std::optional<Phase> phase;         // to show; nothing: as before
  Duration again = Duration::zero();  // look again after; zero: when something changes
  std::string order;
  bool quiet = false;  // change no condition
  bool final = false;  // of a failure: only news or a person help
};

}  // namespace innkeeper
