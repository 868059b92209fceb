#pragma once
// What each result of a job in a guest means for its identity. Pure tables.

#include <string>

#include "coordinator/guests/reasons.h"
#include "coordinator/guests/vm.h"

namespace innkeeper {

enum class JoinHandling {
  kJoined,    // the guest says it has the key; FreeIPA must confirm
  kKeyHeld,   // it has the key, but sssd does not answer
  kRetry,     // after a growing wait, with a new password
  kRetryNow,  // nothing had begun
  kStop,      // a person must act, or facts must change
};
struct JoinVerdict {
  JoinHandling handling = JoinHandling::kRetry;
  Reason reason = Reason::kInternal;
};
// `delivered`: the order is known to have left with its password.
JoinVerdict JudgeJoin(const JobView& job, const Fqdn& fqdn, bool delivered);

enum class VerifyHandling {
  kProven,
  kKeyHeld,
  kLost,     // the guest surely has no valid key of its own
  kUnknown,  // says nothing about the key: never a reason to take it away
  kStop,     // as unknown, and only news will change it
};
struct VerifyVerdict {
  VerifyHandling handling = VerifyHandling::kUnknown;
  Reason reason = Reason::kInternal;
};
VerifyVerdict JudgeVerify(const JobView& job, const Fqdn& fqdn);

// The proof names this very host, and its key got a ticket.
bool ProvesKeyOf(const GuestProof& proof, const Fqdn& fqdn);

}  // namespace innkeeper
