#pragma once
// What is known of a VM from outside: the one joined record per uid that every source writes into.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/clock.h"
#include "coordinator/guests/guest.h"

namespace innkeeper {

enum class VmPresence {
  kPresent,
  kMissing,  // not reported any more, nobody saw why
  kRemoved,  // its undefine was witnessed
};
enum class VmRun {
  kUnknown,
  kRunning,
  kPaused,
  kOff,
  kCrashed,
  kStarting,  // asked for, no domain yet: its disks are being read
};
enum class VmAgent { kUnknown, kNone, kDisconnected, kConnected, kUnresponsive };

// The guest's own claims; shown and compared, never trusted.
struct GuestClaims {
  absl::Time checked;
  std::string host_name, os_id, os_name;
  std::vector<std::string> addresses;  // only those on a MAC the host knows
  bool exec_allowed = false;
  bool frozen = false;
  absl::Duration clock_skew = absl::ZeroDuration();
};

// How a job in a guest ended. The same closed set as agent.v1.ResultClass.
enum class JobResult {
  kOk,
  kAlready,
  kBusy,
  kUnsupportedOs,
  kPackageMissing,
  kPackageInstallFailed,
  kNetwork,
  kDns,
  kConfig,
  kCa,
  kOtpRejected,
  kAlreadyEnrolled,
  kHostMissing,
  kClockSkew,
  kKdc,
  kReplicaLag,
  kForeignPrincipal,
  kStaleKey,
  kNotJoined,
  kSssd,
  kRolledBack,
  kInterrupted,
  kAttemptUnknown,
  kExecBlocked,
  kAgentUnresponsive,
  kAgentNotConnected,
  kNotRunning,
  kDomainGone,
  kFrozen,
  kBadAnswer,
  kDeadline,
  kCancelled,
  kInternal,
};
struct GuestProof {
  std::string principal;
  int64_t kvno = 0;
  bool kinit = false, sssd = false, lookup = false, foreign_moved = false;
  std::string machine_id, boot_id, family;
};

enum class JobKind { kJoin, kVerify, kLeave, kInspect };
struct JobView {
  std::string id;
  JobKind kind = JobKind::kInspect;
  absl::Time sent;
  std::string phase;  // of a running one: "joining"
  int64_t guest_pid = 0;
  std::optional<JobResult> result;  // set: finished; stays until Acknowledge
  std::string detail;
  GuestProof proof;
};

struct VmRecord {
  VmUid uid;
  GuestKey key;                       // namespace of its node, name of its domain
  NodeName node;                      // that holds it
  std::vector<NodeName> disputed_by;  // other nodes that report the same uid
  VmPresence presence = VmPresence::kPresent;
  absl::Time presence_since;
  MonotonicTime presence_mark;  // the same on the monotonic clock, since this process started
  bool persistent = true;
  bool node_connected = false;
  absl::Time node_since;  // of node_connected
  VmRun run = VmRun::kUnknown;
  std::string run_id;    // changes with each start and reboot
  absl::Time run_since;  // when this run was first seen
  // Its own boot joins it: the VM carries our disk, whose content is read at each start.
  bool joins_at_boot = false;
  bool deleting = false;  // asked to go, and still there: nothing new is begun for it
  // What virt-ipa-joiner left on it: its finalizer; that, or its word that it enrolled the VM.
  bool joiner_finalizer = false, joiner_marked = false;
  VmAgent agent = VmAgent::kUnknown;
  absl::Time agent_since;    // of agent
  Wish wish = Wish::kUnset;  // the domain's metadata
  std::string wish_fqdn;
  std::optional<GuestClaims> claims;
  std::map<std::string, JobView> jobs;  // by id: those sent by us or told by the node
};

}  // namespace innkeeper
