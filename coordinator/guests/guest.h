#pragma once
// The Guest, the one noun of the domain: what somebody wishes of a VM's identity and what is so.
// Plain values; spec and status are written apart.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "coordinator/guests/ids.h"
#include "coordinator/guests/reasons.h"

namespace innkeeper {

enum class Wish { kUnset, kYes, kNo };

// How the join reaches the guest. On plain hosts there is only the agent.
enum class DeliveryMethod { kUnset, kAuto, kCloudInit, kAgent };

struct IdentitySpec {
  Wish enroll = Wish::kUnset;  // unset: follow the domain's metadata
  std::string fqdn;            // as wished; empty: metadata, then the template
  std::vector<std::string> host_groups;
  std::string host_class;
  int64_t generation = 0;  // raised to enrol anew
  DeliveryMethod delivery = DeliveryMethod::kUnset;
  bool operator==(const IdentitySpec&) const = default;
};

enum class ConditionType { kHostRegistered, kEnrolled, kAgentConnected };
enum class Truth { kUnknown, kTrue, kFalse };
struct Condition {
  Truth truth = Truth::kUnknown;
  Reason reason = Reason::kInternal;
  std::string message;
  absl::Time since;
  bool operator==(const Condition&) const = default;
};

enum class Phase {
  kNotEnrolled,
  kWaiting,
  kRegistered,
  kJoining,
  kEnrolled,
  kFailed,
  kConflict,
  kLeaving,
  kMissing,
};

// One try to join. Stored before the password is asked for, so that after a crash it is known that
// a password of this generation may be out there.
struct Attempt {
  std::string id;  // random; names lock and result file in the guest
  int64_t password_generation = 0;
  int64_t spec_generation = 0;  // of the spec when it began
  absl::Time started;
  std::string run;         // VmRecord::run_id when it began
  std::string server;      // issued by; empty: surely nothing was delivered yet
  bool delivered = false;  // the order went out with its password, or the disk has it
  int64_t guest_pid = 0;
  bool by_disk = false;  // for the VM's next boot, which joins by itself
  bool operator==(const Attempt&) const = default;
};

// The facts when the last try failed. While they stand, the next one waits for next_try.
struct Setback {
  absl::Time at;
  std::string run;         // VmRecord::run_id
  int64_t generation = 0;  // of the spec
  bool final = false;      // a person must do something: also a reconnected agent is news
  bool operator==(const Setback&) const = default;
};

struct GuestStatus {
  Phase phase = Phase::kNotEnrolled;
  Fqdn fqdn;  // assigned; empty before the first registration
  std::string host_dn;
  std::optional<absl::Time> keytab_since;
  int64_t password_generation = 0;   // raised by compare-and-swap before a password is asked for
  int64_t enrolled_generation = -1;  // of the spec that the present key answers
  std::optional<Attempt> attempt;
  int failures = 0;  // attempts that failed since the last success
  std::optional<absl::Time> next_try;
  std::optional<Setback> setback;
  // A write to FreeIPA whose answer was lost may still land until then: nothing is built on what is
  // seen before.
  std::optional<absl::Time> unsure_until;
  std::optional<absl::Time> first_try;
  std::optional<absl::Duration> enroll_took;
  std::string verified_run;  // the run in which the key was last proven; empty: prove it anew
  std::vector<std::string> host_groups;  // joined so far
  NodeName node;
  std::vector<std::string> addresses;  // the guest's claim, as last seen
  std::string os;                      // likewise
  std::map<ConditionType, Condition> conditions;
  std::map<Phase, absl::Time> phase_times;
  std::optional<absl::Time> leaving_since;  // a removal began: it is finished whatever comes
  // The disk that the VM's boots read may hold a password. Stored before one is written there;
  // false again once it was overwritten.
  bool disk_loaded = false;
  bool operator==(const GuestStatus&) const = default;
};

struct Guest {
  GuestKey key;
  VmUid uid;
  IdentitySpec spec;
  GuestStatus status;
  absl::Time created;
  bool deleting = false;  // the VM is gone for good: the identity goes, then the record
  int64_t version = 0;    // of the store; every write names the one it read
};

}  // namespace innkeeper
