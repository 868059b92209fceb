#include "coordinator/guests/key_plan.h"

#include <algorithm>

#include "coordinator/guests/job_id.h"
#include "coordinator/guests/job_verdict.h"
#include "coordinator/guests/plan_parts.h"

namespace innkeeper::plan {
namespace {

std::optional<Step> PlanGroups(const Observed& seen, const Timings& timings) {
  if (!seen.missing_group.empty() || seen.policy.refusal) return std::nullopt;
  const std::vector<std::string>& joined = seen.guest.status.host_groups;
  for (const std::string& group : seen.policy.host_groups) {
    if (std::find(joined.begin(), joined.end(), group) != joined.end()) continue;
    if (std::optional<Step> step = SecureOwnHost(seen, timings)) return step;
    Step step = Do(ActionKind::kAddToGroup, Reason::kGroupMissing, "host group " + group);
    step.order = group;
    return step;
  }
  return std::nullopt;
}

Step WaitFor(const Observed& seen, const Obstacle& obstacle) {
  if (obstacle.reason == Reason::kExecBlocked)
    return In(Phase::kFailed, obstacle.reason, obstacle.message);
  const Phase phase = IsRegistered(seen.guest) ? Phase::kRegistered : Phase::kWaiting;
  return In(phase, obstacle.reason, obstacle.message);
}

Step BeginAttempt() { return Do(ActionKind::kBeginAttempt, Reason::kJoining, "a new attempt"); }

// The name was somebody else's when we last looked: look before anything is begun again.
bool WasRefused(const Guest& guest) {
  const auto it = guest.status.conditions.find(ConditionType::kHostRegistered);
  return it != guest.status.conditions.end() &&
         (it->second.reason == Reason::kConflict || it->second.reason == Reason::kNameTaken);
}

// No host of ours is known: make one, at once with a password if the guest can use it now.
Step PlanRegistration(const Observed& seen, const Timings& timings) {
  if (seen.host.seen == HostView::Seen::kPresent) return JudgePresentHost(seen, timings);
  if (seen.host.seen == HostView::Seen::kNot && WasRefused(seen.guest))
    return Do(ActionKind::kLookAtHost);
  if (seen.attempt_fresh) return Do(ActionKind::kAddHostForAttempt, Reason::kHostRegistered);
  if (!ObstacleToJoin(seen.vm) && IsDue(seen, timings)) return BeginAttempt();
  return Do(ActionKind::kAddHost, Reason::kHostRegistered);
}

Step Settle(const Observed& seen, const Timings& timings, const VerifyVerdict& verdict,
            const JobView& job) {
  const bool stop = verdict.handling == VerifyHandling::kStop;
  Step step = Do(ActionKind::kSettleVerify, verdict.reason, job.detail);
  step.order = job.id;
  step.final = stop;
  step.again = stop ? timings.held_recheck : BackoffAfter(seen.guest.status.failures, timings);
  return step;
}

// A verify is over. What the guest says is held against what FreeIPA has.
Step JudgeProof(const Observed& seen, const Timings& timings, const JobView& job) {
  const VerifyVerdict verdict = JudgeVerify(job, seen.guest.status.fqdn);
  const bool guest_vanished = job.result == JobResult::kHostMissing;
  const bool says_something = verdict.handling == VerifyHandling::kProven ||
                              verdict.handling == VerifyHandling::kKeyHeld ||
                              verdict.handling == VerifyHandling::kLost || guest_vanished;
  if (!says_something) return Settle(seen, timings, verdict, job);
  if (std::optional<Step> step = SecureOwnHost(seen, timings)) return *step;
  const bool has_keytab = seen.host.record.has_keytab;
  if (verdict.handling == VerifyHandling::kLost) {
    if (has_keytab) return Do(ActionKind::kDisableHost, verdict.reason, job.detail);
    return Do(ActionKind::kAcceptLoss, verdict.reason, job.detail);
  }
  if (!has_keytab)
    return Do(ActionKind::kAcceptLoss, Reason::kKeytabMissing, "FreeIPA holds no key");
  if (verdict.handling == VerifyHandling::kProven)
    return Do(ActionKind::kMarkEnrolled, Reason::kEnrolled,
              "enrolled as " + seen.guest.status.fqdn.text);
  if (verdict.handling == VerifyHandling::kKeyHeld)
    return Do(ActionKind::kMarkKeyHeld, verdict.reason, job.detail);
  return Settle(seen, timings, {VerifyHandling::kUnknown, Reason::kReplicaLag}, job);
}

Step PlanProof(const Observed& seen, const Timings& timings) {
  const JobView* job = FindJobOf(seen.vm, JobKind::kVerify);
  if (job == nullptr) return Do(ActionKind::kSendVerify);
  if (!job->result) return Quiet(timings.order_resend);
  if (job->id.rfind(VerifyPrefix(seen.vm->run_id), 0) != 0) {  // of a run that is over
    Step step = Do(ActionKind::kAcknowledge);
    step.order = job->id;
    return step;
  }
  return JudgeProof(seen, timings, *job);
}

// The spec asks for a new key. The present one goes only when the guest can get the next at once.
Step PlanRenewal(const Observed& seen, const Timings& timings) {
  if (std::optional<Step> step = SecureOwnHost(seen, timings)) return *step;
  if (seen.host.record.has_keytab)
    return Do(ActionKind::kDisableHost, Reason::kJoining, "enrolled anew as asked");
  return BeginAttempt();
}

// A sweep found something: nothing when FreeIPA has host and key after all.
std::optional<Step> PlanSuspicion(const Observed& seen, const Timings& timings) {
  if (std::optional<Step> step = SecureOwnHost(seen, timings)) return step;
  if (seen.host.record.has_keytab) return std::nullopt;
  return Do(ActionKind::kAcceptLoss, Reason::kKeytabMissing, "FreeIPA holds no key");
}

}  // namespace

Step PlanUnenrolled(const Observed& seen, const Timings& timings) {
  if (!IsRegistered(seen.guest)) return PlanRegistration(seen, timings);
  if (std::optional<Step> step = PlanGroups(seen, timings)) return *step;
  if (const std::optional<Obstacle> obstacle = ObstacleToJoin(seen.vm))
    return WaitFor(seen, *obstacle);
  if (!IsDue(seen, timings)) return Quiet(UntilDue(seen));
  if (std::optional<Step> step = SecureOwnHost(seen, timings)) return *step;
  // A key whose owner is not known: perhaps the guest's own, from an attempt whose word was lost,
  // or brought along by a restored disk.
  if (seen.host.record.has_keytab) {
    const std::optional<Obstacle> obstacle = ObstacleTo(seen.vm);
    return obstacle ? WaitFor(seen, *obstacle) : PlanProof(seen, timings);
  }
  return seen.attempt_fresh ? Do(ActionKind::kIssuePassword, Reason::kJoining) : BeginAttempt();
}

Step PlanEnrolled(const Observed& seen, const Timings& timings) {
  const GuestStatus& status = seen.guest.status;
  const bool reachable = !ObstacleTo(seen.vm);
  const bool due = IsDue(seen, timings);
  if (std::optional<Step> step = PlanGroups(seen, timings)) return *step;
  if (seen.suspect) {
    if (std::optional<Step> step = PlanSuspicion(seen, timings)) return *step;
  }
  if (seen.guest.spec.generation > status.enrolled_generation && reachable && due)
    return PlanRenewal(seen, timings);
  const bool unproven = reachable && seen.vm->run_id != status.verified_run;
  if (unproven && due) return PlanProof(seen, timings);
  if (status.verified_run.empty() || !due) return Quiet(UntilDue(seen));
  if (!seen.missing_group.empty())
    return In(Phase::kEnrolled, Reason::kGroupMissing, "no host group " + seen.missing_group,
              timings.conflict_recheck);
  return In(Phase::kEnrolled, Reason::kEnrolled, "enrolled as " + status.fqdn.text);
}

}  // namespace innkeeper::plan
