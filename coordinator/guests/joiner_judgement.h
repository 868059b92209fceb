#pragma once
// What is to become of one of virt-ipa-joiner's hosts. Pure. Doubt means that it is left.
//
// The joiner named a host <vm>.<namespace>.<domain> and wrote no uid of the VM into it (the uid in
// its description is the admission request's, and is the one-time password), so only the name
// binds the two. A name is easily chosen: hence the VM must also carry the joiner's finalizer or
// annotation, or be named by whoever asks.

#include <optional>
#include <string>
#include <vector>

#include "coordinator/guests/guest.h"
#include "coordinator/guests/ipa_client.h"
#include "coordinator/guests/policy.h"
#include "coordinator/guests/vm.h"

namespace innkeeper {

struct JoinerHostSeen {
  HostRecord host;
  std::vector<VmRecord> vms;   // that have the name now
  std::optional<Guest> guest;  // of that namespace and name
  ClusterId cluster;
  bool vm_named = false;  // by whoever asks
  PolicyDecision policy;  // for that guest under the host's name
  absl::Time now;
};

struct JoinerVerdict {
  bool adopt = false;
  std::string why;  // for people: what would be done, or why nothing is
};
JoinerVerdict JudgeJoinerHost(const JoinerHostSeen& seen);

// The guest as it is to be once its host is ours: enrolled, if FreeIPA holds a key. What it had
// tried before is forgotten; a password is about to be replaced where one waits.
GuestStatus AdoptedStatus(const GuestStatus& before, const HostRecord& host, int64_t generation,
                          absl::Time now);

// "enrolled", "password", "no key"
const char* StateOf(const HostRecord& host);

}  // namespace innkeeper
