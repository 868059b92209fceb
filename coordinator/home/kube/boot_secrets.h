#pragma once
// The two Secrets that a VM's own boot reads, as objects of the API. Pure.
//
//   <vm>-innkeeper            a disk labelled INNKEEPER: settings, join script, password
//   (guest/disk.md) <vm>-innkeeper-user-data  the user's own user-data, with our part beside it
//
// Both belong to the VM: they go with it, and it restarts and migrates on them when Innkeeper is
// gone.

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "coordinator/admission/vm_marks.h"
#include "coordinator/guests/home.h"

namespace innkeeper {

// On both, with the part as its value ("join", "user-data"): what our rights end at.
inline constexpr char kSecretLabel[] = "innkeeper.dev/secret";

struct BootVm {
  GuestKey key;
  VmUid uid;
  VmSecretNames secrets;
};

// What every guest is told, as the agents tell it.
struct BootFacts {
  std::string domain, realm;
  std::vector<std::string> servers;
  std::string ca;                               // PEM bundle
  Duration timeout = std::chrono::minutes(15);  // for the join script
};

struct BootSecret {
  std::string name, part;  // part: the label's value
  Secret data;             // the object's `data`, as JSON
};
// The guest boots, and nothing is to be done.
enum class IdleDisk { kPending, kEnrolled };
BootSecret IdleDiskSecret(const BootVm& vm, IdleDisk state);
// The next boot joins. The issuing server stands first: the others may not have the password yet.
BootSecret LoadedDiskSecret(const BootVm& vm, const JoinJob& job, const BootFacts& facts);
// `user`: the user's own bytes, in any form that may be composed.
BootSecret UserDataSecret(const BootVm& vm, std::string_view user);

// The whole object, to be written without having been read.
Secret ObjectOf(const BootVm& vm, const BootSecret& secret);

}  // namespace innkeeper
