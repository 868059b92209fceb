#include "coordinator/guests/attempt_plan.h"

#include <algorithm>

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

bool IsBooted(const std::optional<VmRecord>& vm) {
  return vm && (vm->run == VmRun::kRunning || vm->run == VmRun::kPaused);
}

// Nobody in the guest can be asked. FreeIPA knows whether a key was made of the password.
Step AwaitKey(const Observed& seen, const Timings& timings, const Obstacle& obstacle) {
  if (seen.host.seen == HostView::Seen::kNot) return Do(ActionKind::kLookAtHost);
  const bool alone = Elapsed(seen.vm->run_since, seen.now) >= timings.agent_grace;
  if (alone && IsOwn(seen) && seen.host.record.has_keytab)
    return Do(ActionKind::kMarkEnrolled, Reason::kKeyUnproven,
              "FreeIPA holds its key; not proven from inside: " + obstacle.message);
  return In(Phase::kJoining, Reason::kJoining, "the guest boots and joins by itself",
            timings.boot_recheck);
}

// The password lies on the disk that the VM's next boot reads, or that the present one has read.
Step PlanDiskAttempt(const Observed& seen, const Timings& timings) {
  const Attempt& attempt = *seen.guest.status.attempt;
  if (!IsBooted(seen.vm)) {
    // Died before it was known that the disk has it: laid there anew, unless it may be read just
    // now.
    if (!attempt.delivered && JoinsAtNextBoot(seen.vm) && seen.vm->run != VmRun::kStarting)
      return Fail(Reason::kJoinInterrupted, "the disk may not have its password", Duration::zero());
    return In(Phase::kRegistered, Reason::kWaitingForGuest, "it joins when it starts",
              LeftOfAttempt(seen, timings));
  }
  if (const std::optional<Obstacle> obstacle = ObstacleTo(seen.vm))
    return AwaitKey(seen, timings, *obstacle);
  const JobView* job = FindJob(seen.vm, attempt.id);
  if (job == nullptr)
    return Do(ActionKind::kAskAboutAttempt, Reason::kJoining, "asking whether it joined");
  // Not begun yet: that is no failure before its deadline.
  const Duration since = job->result ? Elapsed(job->sent, seen.now) : Duration::zero();
  if (since >= timings.boot_recheck) {
    Step step = Do(ActionKind::kAcknowledge);
    step.order = job->id;
    return step;
  }
  return In(Phase::kJoining, Reason::kJoining, "the guest boots and joins by itself",
            job->result ? timings.boot_recheck - since : LeftOfAttempt(seen, timings));
}

}  // namespace

Duration LeftOfAttempt(const Observed& seen, const Timings& timings) {
  const Attempt& attempt = *seen.guest.status.attempt;
  if (!attempt.by_disk) return timings.attempt_deadline - Elapsed(attempt.started, seen.now);
  if (seen.vm && seen.vm->run == VmRun::kStarting) return timings.attempt_deadline;
  if (!IsBooted(seen.vm)) return timings.disk_password_age - Elapsed(attempt.started, seen.now);
  const absl::Time began = std::max(attempt.started, seen.vm->run_since);
  return timings.attempt_deadline - Elapsed(began, seen.now);
}

bool IsAttemptExpired(const Observed& seen, const Timings& timings) {
  return seen.guest.status.attempt && !seen.attempt_fresh && !seen.password_in_hand &&
         LeftOfAttempt(seen, timings) <= Duration::zero();
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
  if (seen.password_in_hand) {
    return attempt.by_disk
               ? Do(ActionKind::kDeliver, Reason::kWaitingForGuest, "it joins when it starts")
               : Do(ActionKind::kDeliver, Reason::kJoining, "joining");
  }
  const JobView* job = FindJob(seen.vm, attempt.id);
  const bool unheard = job == nullptr || !job->result || job->result == JobResult::kAttemptUnknown;
  if (attempt.by_disk && unheard && !IsAttemptExpired(seen, timings))
    return PlanDiskAttempt(seen, timings);
  if (job != nullptr && job->result) return Judge(seen, timings, *job);
  if (IsAttemptExpired(seen, timings)) return PlanExpiredAttempt(seen, timings);
  if (job != nullptr)
    return In(Phase::kJoining, Reason::kJoining, "an enrolment attempt runs in the guest",
              LeftOfAttempt(seen, timings));
  if (const std::optional<Obstacle> obstacle = ObstacleTo(seen.vm))
    return Keep(obstacle->reason, obstacle->message, LeftOfAttempt(seen, timings));
  return Do(ActionKind::kAskAboutAttempt, Reason::kJoining, "asking what became of the attempt");
}

}  // namespace innkeeper::plan
