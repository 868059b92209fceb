#include "coordinator/guests/attempt_plan.h"

#include "coordinator/guests/job_verdict.h"
#include "coordinator/guests/ownership.h"
#include "coordinator/guests/plan_parts.h"

namespace innkeeper::plan {
namespace {

Step Fail(Reason reason, std::string message, Duration again) {
  Step step = Do(ActionKind::kFailAttempt, reason, std::move(message));
  step.again = again;
  step.phase = Phase::kFailed;
  return step;
}

bool IsOwn(const Observed& seen) {
  if (seen.host.seen != HostView::Seen::kPresent) return false;
  const Ownership whose = OwnershipOf(seen.host.record, seen);
  return whose == Ownership::kOurs || whose == Ownership::kOursElsewise;
}

// Nothing: no password that anybody may know is left in our own host entry.
std::optional<Step> WithdrawPassword(const Observed& seen, Reason reason) {
  if (seen.host.seen == HostView::Seen::kNot) return Do(ActionKind::kLookAtHost);
  if (!IsOwn(seen) || seen.withdrawn || !seen.host.record.has_password) return std::nullopt;
  return Do(ActionKind::kWithdrawPassword, reason, "the attempt's password is withdrawn");
}

Duration LeftOf(const Observed& seen, const Timings& timings) {
  return timings.attempt_deadline - Elapsed(seen.guest.status.attempt->started, seen.now);
}

// The guest says that it has its key; FreeIPA has the last word.
Step ConfirmKey(const Observed& seen, const Timings& timings, const JoinVerdict& verdict) {
  if (seen.host.seen == HostView::Seen::kNot) return Do(ActionKind::kLookAtHost);
  if (IsOwn(seen) && seen.host.record.has_keytab) {
    return verdict.handling == JoinHandling::kJoined
               ? Do(ActionKind::kMarkEnrolled, Reason::kEnrolled,
                    "enrolled as " + seen.guest.status.fqdn.text)
               : Do(ActionKind::kMarkKeyHeld, verdict.reason, "the guest has its key");
  }
  return In(Phase::kJoining, Reason::kJoining, "joined; waiting for the key to show in FreeIPA",
            timings.keytab_recheck);
}

Step Judge(const Observed& seen, const Timings& timings, const JobView& job) {
  const GuestStatus& status = seen.guest.status;
  const JoinVerdict verdict = JudgeJoin(job, status.fqdn, status.attempt->delivered);
  switch (verdict.handling) {
    case JoinHandling::kJoined:
    case JoinHandling::kKeyHeld:
      return IsAttemptExpired(seen, timings) ? PlanExpiredAttempt(seen, timings)
                                             : ConfirmKey(seen, timings, verdict);
    case JoinHandling::kRetryNow:
      return Fail(verdict.reason, job.detail, Duration::zero());
    case JoinHandling::kRetry:
    case JoinHandling::kStop:
      break;
  }
  if (std::optional<Step> step = WithdrawPassword(seen, verdict.reason)) return *step;
  const bool stop = verdict.handling == JoinHandling::kStop;
  Step step = Fail(verdict.reason, job.detail,
                   stop ? timings.held_recheck : BackoffAfter(status.failures, timings));
  step.final = stop;
  return step;
}

}  // namespace

bool IsAttemptExpired(const Observed& seen, const Timings& timings) {
  return seen.guest.status.attempt && !seen.attempt_fresh && !seen.password_in_hand &&
         LeftOf(seen, timings) <= Duration::zero();
}

Step PlanExpiredAttempt(const Observed& seen, const Timings& timings) {
  const GuestStatus& status = seen.guest.status;
  const JobView* job = FindJob(seen.vm, status.attempt->id);
  const bool claimed = job != nullptr && job->result &&
                       JudgeJoin(*job, status.fqdn, true).handling == JoinHandling::kJoined;
  const Reason reason = claimed ? Reason::kKeytabMissing : Reason::kJoinTimeout;
  // A key that is there may be the guest's, its word lost on the way: it is proven, not taken away.
  if (std::optional<Step> step = WithdrawPassword(seen, reason)) return *step;
  if (status.attempt->server.empty()) return Do(ActionKind::kDropAttempt);
  const bool has_key = IsOwn(seen) && seen.host.record.has_keytab;
  if (claimed && has_key) return ConfirmKey(seen, timings, {JoinHandling::kJoined, reason});
  return Fail(reason, "the attempt did not end in time",
              has_key ? Duration::zero() : BackoffAfter(status.failures, timings));
}

Step PlanIssuedAttempt(const Observed& seen, const Timings& timings) {
  const Attempt& attempt = *seen.guest.status.attempt;
  if (seen.password_in_hand) return Do(ActionKind::kDeliver, Reason::kJoining, "joining");
  const JobView* job = FindJob(seen.vm, attempt.id);
  if (job != nullptr && job->result) return Judge(seen, timings, *job);
  if (IsAttemptExpired(seen, timings)) return PlanExpiredAttempt(seen, timings);
  if (job != nullptr)
    return In(Phase::kJoining, Reason::kJoining, "an enrolment attempt runs in the guest",
              LeftOf(seen, timings));
  if (const std::optional<Obstacle> obstacle = ObstacleTo(seen.vm))
    return Keep(obstacle->reason, obstacle->message, LeftOf(seen, timings));
  return Do(ActionKind::kAskAboutAttempt, Reason::kJoining, "asking what became of the attempt");
}

}  // namespace innkeeper::plan
