#pragma once
// One order in one guest, as a state machine that a lane steps. It holds no thread and no clock of
// its own; everything it waits for is a pause between two steps.
//
//              +--> kClock --+
//   kInspect --+             +--> kStart --> kPoll --> finished
//              +-------------+        ^        |
//                                     |        | the answer was lost, or this is a resumed order
//                                     +-- kRecover: asks the guest what became of the attempt
//
// The guest may vanish, hang or lie at any point. A passing failure of its agent is waited out
// until the order's deadline, because what runs in the guest goes on without us; a permanent one
// ends the order with its class. The password is dropped as soon as the command was handed to the
// guest.

#include <atomic>
#include <functional>
#include <optional>
#include <string>

#include "agent/guest_result.h"
#include "agent/lanes.h"
#include "base/clock.h"
#include "innkeeper/agent/v1/agent.pb.h"
#include "vm/guest_agent/guest_agent.h"

namespace innkeeper {

// Where a task tells how it goes; called on the lane's thread, quick.
struct TaskReport {
  std::function<void(const agent::v1::OrderProgress&)> progress;
  std::function<void(const agent::v1::OrderResult&)> finished;  // exactly once
};

class GuestTask {
 public:
  // `order` holds an Enroll, Leave or Verify. GuestAgent and Clock outlive the task.
  GuestTask(agent::v1::Order order, GuestAgent& guest, const Clock& clock, TaskReport report);
  ~GuestTask();

  // One step; what a lane calls until it says done.
  Lanes::Next Step(const Call& call);
  // Ends it before its first step.
  void Refuse(agent::v1::ResultClass why, const char* detail) { Finish(why, detail); }
  // End the order at the next step, from any thread. What runs in the guest cannot be stopped.
  void Cancel() { end_ = End::kCancelled; }
  void DomainGone() { end_ = End::kDomainGone; }
  const DomainId& domain() const { return domain_; }

 private:
  enum class State { kInspect, kClock, kStart, kPoll, kRecover, kFinished };

  Lanes::Next Inspect(const Call& call);
  Lanes::Next CheckClock(const Call& call);
  Lanes::Next Start(const Call& call);
  Lanes::Next Poll(const Call& call);
  Lanes::Next Recover(const Call& call);
  Lanes::Next Judge(const GuestExit& exit);
  Lanes::Next Failed(const absl::Status& status);
  Lanes::Next Go(State next, Duration pause);
  Lanes::Next Finish(agent::v1::ResultClass result, const std::string& detail);
  Lanes::Next Finish(ScriptOutcome outcome);
  absl::StatusOr<GuestCommand> Command(bool resume) const;
  void DropPassword();
  void Tell(const char* phase);
  std::string attempt() const;
  int64_t known_pid() const;

  agent::v1::Order order_;
  GuestAgent& guest_;
  const Clock& clock_;
  const TaskReport report_;
  const DomainId domain_;
  const MonotonicTime started_;
  const MonotonicTime deadline_;
  State state_ = State::kInspect;
  enum class End { kNone, kCancelled, kDomainGone };
  std::atomic<End> end_ = End::kNone;
  std::string phase_;
  int64_t pid_ = 0;
  bool recovering_ = false;  // the running program only tells about an earlier one
  bool adopted_ = false;     // pid_ is another agent's word: it may mean another program by now
  Duration poll_ = std::chrono::milliseconds(50);
};

// The result class of an agent's failure, for orders that end by it.
agent::v1::ResultClass ClassOf(AgentFailure failure);
agent::v1::JobKind KindOf(const agent::v1::Order& order);

}  // namespace innkeeper
