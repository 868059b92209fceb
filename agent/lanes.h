#pragma once
// One lane per guest: its jobs run one step at a time, in order, on a bounded pool of workers, so
// that a guest that hangs costs one worker for one call's deadline and nobody else anything.
//
// A job is a sequence of steps. Between two steps it gives its worker back and may ask to be woken
// after a while; a long enrolment so holds no worker while it waits. Steps of one lane never run at
// the same time; jobs of one lane run one after the other, except that a step which asks for a
// pause lets a *probe* (a one-step job) of the same lane in.
//
// A step that overruns its limit by the grace is counted as stuck; its worker is replaced and,
// should it never return, abandoned: the process exits without waiting for it.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/call.h"
#include "base/clock.h"
#include "vm/hypervisor.h"

namespace innkeeper {

class Lanes {
 public:
  struct Options {
    size_t workers = 8;         // steps running at once
    size_t jobs_per_lane = 16;  // queued; more are refused
    Duration stuck_grace = std::chrono::seconds(10);
  };
  struct Counts {
    size_t lanes = 0, running = 0, stuck = 0;  // now
    uint64_t refused = 0, abandoned = 0;       // since start
  };

  // What a step says when it returns.
  struct Next {
    bool done = true;
    Duration pause = Duration::zero();  // when not done: the next step not before this
    static Next Done() { return {}; }
    static Next After(Duration pause) { return {false, pause}; }
  };
  using Step = std::function<Next(const Call&)>;
  struct Job {
    std::string name;    // for logs and metrics; closed set
    Step step;           // called until it says done
    Duration limit;      // of one step
    bool probe = false;  // one step that may run in another job's pause
  };

  Lanes(Options options, const Clock& clock);
  ~Lanes();  // Stop with no grace

  // False: the lane is full, or stopping. Never blocks. Any thread.
  bool Submit(const DomainId& domain, Job job);
  // No new steps; running ones are told to stop and awaited until the deadline, then abandoned.
  void Stop(const Call& drain);
  Counts counts() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace innkeeper
