#include "agent/guest_task.h"

#include <algorithm>
#include <utility>

#include "agent/guest_script.h"
#include "base/failpoint.h"
#include "proto/time.h"

namespace innkeeper {
namespace {

using agent::v1::ResultClass;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Between two tries when the guest's agent is away for a while.
constexpr Duration kPatience = seconds(2);
// Between two looks at an attempt that runs in the guest without a program of ours waiting for it.
constexpr Duration kRecoverPause = seconds(3);
// Longest pause between two looks at a running program: a join takes a minute.
constexpr Duration kLongestPoll = seconds(1);

// The guest may come back, or its program goes on meanwhile.
bool IsPassing(AgentFailure failure) {
  switch (failure) {
    case AgentFailure::kUnresponsive:
    case AgentFailure::kNotConnected:
    case AgentFailure::kBusy:
    case AgentFailure::kDaemonLost:
    case AgentFailure::kFrozen:
      return true;
    default:
      return false;
  }
}

Duration Seconds(const google::protobuf::Duration& duration) {
  return absl::ToChronoNanoseconds(FromProtoDuration(duration));
}

}  // namespace

ResultClass ClassOf(AgentFailure failure) {
  switch (failure) {
    case AgentFailure::kNotRunning:
      return agent::v1::RESULT_CLASS_NOT_RUNNING;
    case AgentFailure::kNoChannel:
    case AgentFailure::kNotConnected:
    case AgentFailure::kDaemonLost:
      return agent::v1::RESULT_CLASS_AGENT_NOT_CONNECTED;
    case AgentFailure::kUnresponsive:
    case AgentFailure::kBusy:
    case AgentFailure::kPoisoned:
      return agent::v1::RESULT_CLASS_AGENT_UNRESPONSIVE;
    case AgentFailure::kBlocked:
    case AgentFailure::kUnsupported:
      return agent::v1::RESULT_CLASS_EXEC_BLOCKED;
    case AgentFailure::kFrozen:
      return agent::v1::RESULT_CLASS_FROZEN;
    case AgentFailure::kTooLarge:
    case AgentFailure::kBadAnswer:
      return agent::v1::RESULT_CLASS_BAD_ANSWER;
    case AgentFailure::kDomainGone:
      return agent::v1::RESULT_CLASS_DOMAIN_GONE;
    case AgentFailure::kNotFound:  // no /bin/sh: not a system we know
      return agent::v1::RESULT_CLASS_UNSUPPORTED_OS;
    case AgentFailure::kResultLost:
      return agent::v1::RESULT_CLASS_INTERRUPTED;
    case AgentFailure::kPermission:
    case AgentFailure::kInternal:
    case AgentFailure::kNone:
      break;
  }
  return agent::v1::RESULT_CLASS_INTERNAL;
}

agent::v1::JobKind KindOf(const agent::v1::Order& order) {
  switch (order.job_case()) {
    case agent::v1::Order::kEnroll:
      return agent::v1::JOB_KIND_ENROLL;
    case agent::v1::Order::kVerify:
      return agent::v1::JOB_KIND_VERIFY;
    case agent::v1::Order::kLeave:
      return agent::v1::JOB_KIND_LEAVE;
    case agent::v1::Order::kInspect:
      return agent::v1::JOB_KIND_INSPECT;
    case agent::v1::Order::JOB_NOT_SET:
      break;
  }
  return agent::v1::JOB_KIND_UNSPECIFIED;
}

GuestTask::GuestTask(agent::v1::Order order, GuestAgent& guest, const Clock& clock,
                     TaskReport report)
    : order_(std::move(order)),
      guest_(guest),
      clock_(clock),
      report_(std::move(report)),
      domain_{order_.domain_uuid()},
      started_(clock.Monotonic()),
      deadline_(started_ + Seconds(order_.timeout())) {
  const bool resumes = order_.has_enroll() && order_.enroll().password().empty();
  pid_ = known_pid();
  if (pid_ > 0) {
    adopted_ = true;
    state_ = State::kPoll;
  } else if (resumes) {
    state_ = State::kRecover;
  }
}

GuestTask::~GuestTask() { DropPassword(); }

std::string GuestTask::attempt() const {
  if (order_.has_enroll()) return order_.enroll().attempt();
  return order_.has_leave() ? order_.leave().attempt() : "";
}

int64_t GuestTask::known_pid() const {
  if (order_.has_enroll()) return order_.enroll().cursor().guest_pid();
  return order_.has_leave() ? order_.leave().cursor().guest_pid() : 0;
}

void GuestTask::DropPassword() {
  if (order_.has_enroll()) WipeString(*order_.mutable_enroll()->mutable_password());
}

Lanes::Next GuestTask::Step(const Call& call) {
  if (state_ == State::kFinished) return Lanes::Next::Done();
  // The agent stops: what runs in the guest goes on, and the next agent is told to resume.
  if (call.stop.stop_requested()) return Lanes::Next::Done();
  switch (end_.load()) {
    case End::kCancelled:
      return Finish(agent::v1::RESULT_CLASS_CANCELLED, "cancelled");
    case End::kDomainGone:
      return Finish(agent::v1::RESULT_CLASS_DOMAIN_GONE, "the domain left this node");
    case End::kNone:
      break;
  }
  if (clock_.Monotonic() >= deadline_) {
    return Finish(agent::v1::RESULT_CLASS_DEADLINE, "no end within the order's time");
  }
  switch (state_) {
    case State::kInspect:
      return Inspect(call);
    case State::kClock:
      return CheckClock(call);
    case State::kStart:
      return Start(call);
    case State::kPoll:
      return Poll(call);
    case State::kRecover:
      return Recover(call);
    case State::kFinished:
      break;
  }
  return Lanes::Next::Done();
}

Lanes::Next GuestTask::Go(State next, Duration pause) {
  state_ = next;
  return Lanes::Next::After(pause);
}

Lanes::Next GuestTask::Failed(const absl::Status& status) {
  const AgentFailure failure = FailureOf(status);
  const bool passing =
      IsPassing(failure) || (failure == AgentFailure::kNone && IsRetryable(status));
  // Before anything was started there is nothing to wait for: the coordinator retries by its own
  // rule.
  if (passing && (state_ == State::kPoll || state_ == State::kRecover)) {
    return Go(state_, kPatience);
  }
  if (failure == AgentFailure::kResultLost && state_ == State::kPoll && !attempt().empty()) {
    recovering_ = false;
    return Go(State::kRecover, Duration::zero());
  }
  return Finish(ClassOf(failure), std::string(status.message()));
}

Lanes::Next GuestTask::Inspect(const Call& call) {
  Tell("inspecting");
  const absl::StatusOr<GuestAgentAbilities> can = guest_.Abilities(domain_, call);
  if (!can.ok()) return Failed(can.status());
  if (can->frozen) {
    return Finish(agent::v1::RESULT_CLASS_FROZEN, "the guest's file systems are frozen");
  }
  if (!can->exec) {
    return Finish(agent::v1::RESULT_CLASS_EXEC_BLOCKED,
                  "guest-exec is not allowed by the guest's agent");
  }
  return Go(order_.has_enroll() ? State::kClock : State::kStart, Duration::zero());
}

Lanes::Next GuestTask::CheckClock(const Call& call) {
  Tell("clock");
  const absl::Duration tolerance = FromProtoDuration(order_.enroll().clock_tolerance());
  const absl::StatusOr<absl::Time> guest_time = guest_.Time(domain_, call);
  if (!guest_time.ok()) return Failed(guest_time.status());
  const absl::Duration skew = *guest_time - clock_.Now();
  if (absl::AbsDuration(skew) <= tolerance) return Go(State::kStart, Duration::zero());
  if (!order_.enroll().may_set_clock()) {
    return Finish(agent::v1::RESULT_CLASS_CLOCK_SKEW,
                  "the guest's clock is off by " + absl::FormatDuration(skew));
  }
  if (const absl::Status set = guest_.SetTime(domain_, clock_.Now(), call); !set.ok()) {
    return Finish(
        agent::v1::RESULT_CLASS_CLOCK_SKEW,
        "the guest's clock is off by " + absl::FormatDuration(skew) + " and cannot be set");
  }
  return Go(State::kStart, Duration::zero());
}

absl::StatusOr<GuestCommand> GuestTask::Command(bool resume) const {
  if (order_.has_enroll()) {
    const auto left = std::chrono::duration_cast<seconds>(deadline_ - clock_.Monotonic()).count();
    if (!resume) return JoinCommand(order_.enroll(), std::max<int64_t>(left - 10, 10));
    agent::v1::Enroll question = order_.enroll();
    WipeString(*question.mutable_password());
    return JoinCommand(question, 10);
  }
  if (order_.has_leave()) return LeaveCommand(order_.leave(), resume);
  return VerifyCommand(order_.verify());
}

Lanes::Next GuestTask::Start(const Call& call) {
  Tell("preparing");
  FAILPOINT("agent.start.before");
  absl::StatusOr<GuestCommand> command = Command(/*resume=*/false);
  if (!command.ok()) return Finish(agent::v1::RESULT_CLASS_INTERNAL, ToText(command.status()));
  const absl::StatusOr<int64_t> pid = guest_.Start(domain_, *command, call);
  DropPassword();
  FAILPOINT("agent.start.after");
  if (!pid.ok()) {
    // The command may have reached the guest although its answer did not reach us.
    const bool unsure = IsPassing(FailureOf(pid.status())) || IsRetryable(pid.status());
    if (unsure && !attempt().empty()) return Go(State::kRecover, kPatience);
    return Failed(pid.status());
  }
  pid_ = *pid;
  Tell(order_.has_enroll() ? "joining" : order_.has_leave() ? "leaving" : "verifying");
  FAILPOINT("agent.start.told");
  return Go(State::kPoll, poll_);
}

Lanes::Next GuestTask::Recover(const Call& call) {
  Tell("resuming");
  const absl::StatusOr<GuestCommand> command = Command(/*resume=*/true);
  if (!command.ok()) return Finish(agent::v1::RESULT_CLASS_INTERNAL, ToText(command.status()));
  const absl::StatusOr<int64_t> pid = guest_.Start(domain_, *command, call);
  if (!pid.ok()) return Failed(pid.status());
  pid_ = *pid;
  adopted_ = false;
  recovering_ = true;
  poll_ = milliseconds(50);
  return Go(State::kPoll, poll_);
}

Lanes::Next GuestTask::Poll(const Call& call) {
  const absl::StatusOr<std::optional<GuestExit>> look = guest_.Poll(domain_, pid_, call);
  if (!look.ok()) return Failed(look.status());
  if (!look->has_value()) {
    poll_ = std::min(poll_ * 2, kLongestPoll);
    return Go(State::kPoll, poll_);
  }
  FAILPOINT("agent.poll.exited");
  return Judge(**look);
}

Lanes::Next GuestTask::Judge(const GuestExit& exit) {
  absl::StatusOr<ScriptOutcome> outcome =
      order_.has_verify() ? DecodeVerification(exit.out) : DecodeScriptOutcome(exit.out);
  if (adopted_ && (!outcome.ok() || outcome->attempt != attempt())) {
    adopted_ = false;
    return Go(State::kRecover, Duration::zero());
  }
  if (!outcome.ok()) {
    const std::string how = exit.by_signal ? "signal " : "exit code ";
    const std::string said = CleanGuestText(exit.err, 200);
    return Finish(agent::v1::RESULT_CLASS_BAD_ANSWER, ToText(outcome.status()) + " (" + how +
                                                          std::to_string(exit.code) +
                                                          (said.empty() ? "" : ": " + said) + ")");
  }
  if (!order_.has_verify() && !outcome->attempt.empty() && outcome->attempt != attempt() &&
      outcome->result_class != agent::v1::RESULT_CLASS_BUSY) {
    return Finish(agent::v1::RESULT_CLASS_BAD_ANSWER, "the guest answered for another attempt");
  }
  if (outcome->running) return Go(State::kRecover, kRecoverPause);
  return Finish(*std::move(outcome));
}

Lanes::Next GuestTask::Finish(ResultClass result, const std::string& detail) {
  ScriptOutcome outcome;
  outcome.result_class = result;
  outcome.detail = CleanGuestText(detail, 300);
  return Finish(std::move(outcome));
}

Lanes::Next GuestTask::Finish(ScriptOutcome outcome) {
  DropPassword();
  state_ = State::kFinished;
  agent::v1::OrderResult result;
  result.set_id(order_.id());
  result.set_domain_uuid(order_.domain_uuid());
  result.set_kind(KindOf(order_));
  result.set_result_class(outcome.result_class);
  result.set_detail(std::move(outcome.detail));
  *result.mutable_proof() = std::move(outcome.proof);
  *result.mutable_took() = ToProtoDuration(absl::FromChrono(clock_.Monotonic() - started_));
  FAILPOINT("agent.finish.before");
  report_.finished(result);
  return Lanes::Next::Done();
}

void GuestTask::Tell(const char* phase) {
  if (phase_ == phase) return;
  phase_ = phase;
  agent::v1::OrderProgress progress;
  progress.set_id(order_.id());
  progress.set_domain_uuid(order_.domain_uuid());
  progress.set_kind(KindOf(order_));
  progress.set_phase(phase);
  *progress.mutable_elapsed() = ToProtoDuration(absl::FromChrono(clock_.Monotonic() - started_));
  progress.mutable_cursor()->set_attempt(attempt());
  progress.mutable_cursor()->set_guest_pid(recovering_ ? 0 : pid_);
  report_.progress(progress);
}

}  // namespace innkeeper
