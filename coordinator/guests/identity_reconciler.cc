#include "coordinator/guests/identity_reconciler.h"

#include <algorithm>

#include "base/log.h"
#include "coordinator/guests/identity_pass.h"
#include "coordinator/guests/identity_plan.h"
#include "coordinator/guests/plan_parts.h"
#include "coordinator/guests/wish.h"

namespace innkeeper {
namespace {

// More than any sequence of steps; a plan that does not come to rest is our own bug.
constexpr int kMostSteps = 64;

// After an order was sent its answer is an event; nothing is left to do in this pass.
bool EndsPass(ActionKind kind) {
  switch (kind) {
    case ActionKind::kWait:
    case ActionKind::kDeliver:
    case ActionKind::kAskAboutAttempt:
    case ActionKind::kSendVerify:
    case ActionKind::kSendLeave:
    case ActionKind::kDeleteRecord:
      return true;
    default:
      return false;
  }
}

Outcome Later(Duration a, Duration b = Duration::zero()) {
  if (a == Duration::zero()) a = b;
  if (b != Duration::zero()) a = std::min(a, b);
  return a == Duration::zero() ? Outcome{} : Outcome{ReconcileOutcome::kLater, a, {}};
}

Outcome Retry(absl::Status why) { return {ReconcileOutcome::kRetry, {}, std::move(why)}; }

Outcome OutcomeOfFailure(const absl::Status& failure, const Timings& timings) {
  if (OutcomeUnknown(failure)) return {ReconcileOutcome::kLater, timings.unknown_outcome, failure};
  if (IsRetryable(failure)) return Retry(failure);
  if (absl::IsFailedPrecondition(failure))  // the brake: its release is an event
    return {ReconcileOutcome::kLater, timings.conflict_recheck, failure};
  return {ReconcileOutcome::kTerminal, timings.conflict_recheck, failure};
}

}  // namespace

IdentityReconciler::IdentityReconciler(Seams seams, IdentitySettings settings, GuestIndex& index,
                                       GuestMetrics& metrics)
    : seams_(seams),
      settings_(std::move(settings)),
      index_(index),
      metrics_(metrics),
      naming_(settings_.naming) {}

void IdentityReconciler::Suspect(const GuestKey& key) {
  suspects_.With([&](std::set<GuestKey>& suspects) { suspects.insert(key); });
}

absl::StatusOr<NamingFacts> IdentityReconciler::Naming(const Call& call) {
  NamingFacts naming = naming_.With([](NamingFacts& known) { return known; });
  if (!naming.domain.empty()) return naming;
  ASSIGN_OR_RETURN(const IpaFacts facts, seams_.ipa.Facts(call));
  naming = {facts.domain, facts.longest_host_name};
  naming_.With([&](NamingFacts& known) { known = naming; });
  return naming;
}

// Until FreeIPA has told its domain no name can be made or judged; what has one goes on.
PolicyDecision IdentityReconciler::DecideFor(const Observed& seen, const Call& call) {
  PolicyDecision unknown;
  unknown.fqdn = seen.guest.status.fqdn;
  if (IntentOf(seen.guest, seen.vm) != Intent::kEnroll) return unknown;
  const absl::StatusOr<NamingFacts> naming = Naming(call);
  if (naming.ok()) return Decide(settings_.policy, seen.guest, seen.vm, *naming);
  unknown.refusal = {Reason::kIpaUnavailable, std::string(naming.status().message())};
  return unknown;
}

absl::StatusOr<Observed> IdentityReconciler::Observe(const GuestKey& key, const Call& call) {
  Observed seen;
  ASSIGN_OR_RETURN(seen.guest, seams_.store.Get(key, call));
  seen.settled = seams_.inventory.Settled();
  seen.all_nodes_connected = seams_.inventory.AllNodesConnected();
  seen.vm = seams_.inventory.Find(seen.guest.uid);
  seen.cluster = settings_.cluster;
  seen.term = seams_.leadership.Term();
  seen.paused = seams_.operation.State().paused;
  seen.suspect =
      suspects_.With([&](std::set<GuestKey>& suspects) { return suspects.erase(key) > 0; });
  seen.now = seams_.clock.Now();
  seen.monotonic = seams_.clock.Monotonic();
  return seen;
}

Outcome IdentityReconciler::Reconcile(const GuestKey& key, const Call& call) {
  if (!seams_.leadership.Leads()) return Later(settings_.timings.recheck);
  // No write is under way after the leadership's end.
  Call bounded = call.AtMost(settings_.timings.reconcile_deadline);
  bounded.deadline = std::min(bounded.deadline, seams_.leadership.WriteUntil());
  absl::StatusOr<Observed> seen = Observe(key, bounded);
  if (absl::IsNotFound(seen.status())) {
    index_.Erase(key);
    return {};
  }
  if (!seen.ok()) return Retry(seen.status());
  index_.Set(seen->guest);
  seen->policy = DecideFor(*seen, bounded);
  IdentityPass pass(seams_, settings_, index_, metrics_, *std::move(seen), bounded);
  return Run(pass);
}

Outcome IdentityReconciler::Run(IdentityPass& pass) {
  for (int i = 0; i < kMostSteps; ++i) {
    const Step step = PlanIdentity(pass.seen(), settings_.timings);
    if (step.kind != ActionKind::kWait) {
      if (const absl::Status acted = pass.Act(step); !acted.ok()) return Fail(pass, step, acted);
      if (pass.record_deleted()) return {};
    }
    if (!EndsPass(step.kind)) continue;
    const bool waits = step.kind == ActionKind::kWait;
    const absl::StatusOr<Duration> pending = pass.Report(waits ? step : plan::Quiet());
    if (!pending.ok()) return Retry(pending.status());
    return Later(waits ? step.again : settings_.timings.order_resend, *pending);
  }
  const absl::Status endless = absl::InternalError("the plan does not come to rest");
  LogError("identity plan does not come to rest", {{"guest", pass.seen().guest.key.Text()}});
  return Retry(endless);
}

Outcome IdentityReconciler::Fail(IdentityPass& pass, const Step& step,
                                 const absl::Status& failure) {
  // Conditions and events tell people; in an outage this would be a line per guest and try.
  LogDebug("reconcile stopped", {{"guest", pass.seen().guest.key.Text()}, {"error", failure}});
  if (pass.seen().suspect) Suspect(pass.seen().guest.key);
  // Somebody wrote meanwhile: all is seen anew at once.
  if (absl::IsAborted(failure)) return Retry(failure);
  const absl::StatusOr<Duration> reported = pass.ReportFailure(step, failure);
  if (!reported.ok()) return Retry(reported.status());
  return OutcomeOfFailure(failure, settings_.timings);
}

}  // namespace innkeeper
