#pragma once
// Observe, plan, act, report for one guest's identity. A pass goes on step by step until the plan
// says to wait, so an enrolment whose parts answer at once is ordered in one pass; a crash at any
// point is taken up by the next pass from what is stored.
//
// Failpoints, in the order of an enrolment and of a removal:
//   identity.name_assigned      the FQDN is stored, no host yet
//   identity.attempt_stored     generation raised, attempt stored, no password asked for
//   identity.host_added         FreeIPA has the host, we have not stored that
//   identity.password_issued    FreeIPA issued a password, its server is not stored
//   identity.server_stored      stored; nothing delivered
//   identity.order_sent         the agent has the order, `delivered` is not stored
//   identity.delivery_noted
//   identity.result_seen        a result is known, nothing done about it
//   identity.enrolled_stored    enrolled, the order not acknowledged
//   identity.password_withdrawn FreeIPA replaced the password, the attempt still open
//   identity.failure_stored     the attempt is closed, the order not acknowledged
//   identity.host_disabled      FreeIPA dropped the key, nothing stored
//   identity.loss_stored
//   identity.removal_begun      the brake agreed and it is stored
//   identity.leave_sent
//   identity.host_retagged      the tag says `deleting`, not read back
//   identity.host_deleted       FreeIPA has no host, we still have the record
//   identity.identity_forgotten

#include <set>
#include <string>

#include "base/guarded.h"
#include "base/random.h"
#include "coordinator/guests/guest_index.h"
#include "coordinator/guests/guest_metrics.h"
#include "coordinator/guests/home.h"
#include "coordinator/guests/ipa_client.h"
#include "coordinator/guests/observed.h"

namespace innkeeper {

// Everything the core needs of the world; all of it outlives whoever holds this.
struct Seams {
  GuestStore& store;
  Inventory& inventory;
  Delivery& delivery;
  Recorder& recorder;
  Operation& operation;
  Leadership& leadership;
  IpaClient& ipa;
  const Clock& clock;
  Random& random;
};

struct IdentitySettings {
  ClusterId cluster;
  Policy policy = DefaultPolicy();
  Timings timings;
  // FreeIPA's domain; empty: FreeIPA is asked.
  NamingFacts naming;
};

// What the queue does next with a key.
struct Outcome {
  ReconcileOutcome what = ReconcileOutcome::kDone;
  Duration after = Duration::zero();  // kLater
  absl::Status why;                   // kRetry, kTerminal
};

class IdentityPass;

class IdentityReconciler {
 public:
  IdentityReconciler(Seams seams, IdentitySettings settings, GuestIndex& index,
                     GuestMetrics& metrics);

  // Thread-safe for different keys; one call per key at a time. Blocks on FreeIPA and the store.
  Outcome Reconcile(const GuestKey& key, const Call& call);

  // A sweep saw this guest's host gone, or without a key: the next pass looks for itself.
  void Suspect(const GuestKey& key);

 private:
  absl::StatusOr<Observed> Observe(const GuestKey& key, const Call& call);
  absl::StatusOr<NamingFacts> Naming(const Call& call);
  PolicyDecision DecideFor(const Observed& seen, const Call& call);
  Outcome Run(IdentityPass& pass);
  Outcome Fail(IdentityPass& pass, const Step& step, const absl::Status& failure);

  const Seams seams_;
  const IdentitySettings settings_;
  GuestIndex& index_;
  GuestMetrics& metrics_;
  Guarded<std::set<GuestKey>> suspects_;
  Guarded<NamingFacts> naming_;
};

}  // namespace innkeeper
