#pragma once
// The state machine of an identity: from what was seen to the one next step. Pure. The reconciler
// takes the step, notes what it changed in Observed and asks again, until the step is to wait. So
// each state is reached the same way after a crash as without one: nothing is remembered but what
// is stored.
//
//                                  kAssignName
//   NotEnrolled ----wish----> Waiting ---kAddHost---> Registered        (no password yet)
//        ^                       |  not ours: Conflict     | the guest can be joined
//        |                       |                         v
//        |                       +------------------> kBeginAttempt     generation +1, stored first
//        |                                                 |
//        |                              kAddHostForAttempt / kIssuePassword (server stored)
//        |                                                 |
//        |   failed: withdraw the password,                v
//        |   wait, try anew       Failed <---------- kDeliver: Joining -- no word: kAskAboutAttempt
//        |                          |                      |
//        |                          +----> (kBeginAttempt) | proven inside and has_keytab
//        |                                                 v
//        |       kAcceptLoss: stale, lost, vanished    Enrolled --- new run: kSendVerify
//        |       (kDisableHost first) -> Registered        |
//        |                                                 | explicit no, undefine + grace, other
//        FQDN |                                                 v
//        +-- kForgetIdentity <- kDeleteHost <- read back <- kRetagDeleting <- kSendLeave <- Leaving
//            (or kDeleteRecord when the VM is gone)                           (the brake agreed)
//
// A VM whose own boot joins it (VmRecord.joins_at_boot) takes the same way: while it does not run,
// kDeliver lays the password on its disk, the attempt's clock starts with the run, and the guest is
// asked, or FreeIPA looked at, what became of it. kClearDisk follows the end of each such attempt.
//
// Rules that hold in every state:
//   paused            nothing is done at all
//   VM missing        the identity stays; only an expired password is withdrawn
//   placement disputed, wish vanished, policy tightened: the same
//   host not ours     nothing is changed in it, whatever our state says
//   a verify that says nothing never takes an identity away
//   inventory not settled: nothing is removed and nothing adopted
// A step never holds a password; whoever is between kBeginAttempt and kDeliver when the process
// dies leaves an attempt behind, of which the guest is asked, or which is replaced by the next
// generation.

#include "coordinator/guests/observed.h"

namespace innkeeper {

Step PlanIdentity(const Observed& seen, const Timings& timings);

}  // namespace innkeeper
