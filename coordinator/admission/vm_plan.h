#pragma once
// What is to become of a VM under review: pure. A VM that runs is never touched: whatever it
// carries stays, and what it lacks is not added (KubeVirt would ask for a restart). What a VM of
// ours carries is put back where a manifest that was applied again lacks it.
//
//   asked for, created or stopped     attach
//   declined or by agent, same        detach: the user's own text comes back
//   carried before the update         as before (also when the label only vanished)
//   created, not asked for            detach: a clone or restore must not wait for another's Secret
//   else                              leave

#include <optional>
#include <set>
#include <string>

#include "coordinator/admission/carried.h"
#include "coordinator/admission/review.h"
#include "coordinator/admission/user_data/form.h"
#include "coordinator/guests/policy.h"

namespace innkeeper {

// Why cloud-init does not carry the join, though it was asked for: the guest agent does it then.
enum class LeftToAgent {
  kNo,
  kChosen,            // by the VM's annotation
  kNoCloudInit,       // no such volume
  kForm,              // user-data that cloud-init does not act upon
  kTooLarge,          // more than KubeVirt takes inline: it refuses the VM
  kBadBase64,         // KubeVirt refuses it
  kSecretUnreadable,  // in a Secret that we may not read
  kTwoSources,        // KubeVirt refuses it
  kOriginalLost,      // our Secret stands there, and nothing says what stood there before
  kNameTaken,         // a volume of the user's has our name
  kListFull,          // 256 disks or volumes, the schema's limit
  kRunning,           // until it is stopped
};
const char* NameOf(LeftToAgent reason);

// What the administrator says. Names are checked only where naming.domain is set.
struct AdmissionRules {
  Policy policy = DefaultPolicy();
  NamingFacts naming;
  std::set<std::string> readable_secrets;  // namespaces whose Secrets may be read; "*": all
};

enum class VmStep { kLeave, kAttach, kDetach };

struct VmPlan {
  VmStep step = VmStep::kLeave;
  LeftToAgent left = LeftToAgent::kNo;
  UserDataForm form = UserDataForm::kNone;  // with kForm
  UserDataSource original;  // of the first cloud-init volume: what it has, or had before ours
  bool restores = false;    // it has ours: the original comes back where ours is not to stay
  PreparedRecord record;    // kAttach
  std::optional<size_t> disk_place, volume_place;  // where ours stood before
};
VmPlan PlanVm(const VmReview& review, Wish wish, const AdmissionRules& rules);

}  // namespace innkeeper
