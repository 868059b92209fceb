#pragma once
// Many callers, few requests: commands that wait at the same time travel to the server as one
// batch. FreeIPA runs four single-threaded workers, so two requests in flight are its fair share,
// and a batch saves each call's round trip and session check (about five times the rate of single
// calls).
//
//   caller -> queue -> lane 1 | lane 2 -> IpaSession
//
// - Idle: a command goes out at once, alone, as itself.
// - A lane that finds the other one busy waits up to 2 ms for company: the server is busy anyway.
// - First in, first out. At most kMostCallsPerBatch per request, and no more than a lane's fair
// share
//   of what waits and is under way: the lanes end together, nobody waits behind a batch twice as
//   long as need be.
// - After a batch that failed as a whole, requests hold one command and grow again by doubling: a
//   command that breaks the server soon fails alone. What certainly did no harm is sent again.
// - A caller's deadline is its own: it leaves, and the batch goes on for the others.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/call.h"
#include "coordinator/ipa/ipa_messages.h"
#include "coordinator/ipa/ipa_metrics.h"
#include "coordinator/ipa/session.h"

namespace innkeeper {

class IpaDispatcher {
 public:
  // Commands waiting beyond this are RESOURCE_EXHAUSTED.
  static constexpr size_t kMostWaiting = 4096;

  // Both outlive the dispatcher. Starts two threads.
  IpaDispatcher(IpaSession& session, IpaMetrics& metrics);
  ~IpaDispatcher();
  IpaDispatcher(const IpaDispatcher&) = delete;
  IpaDispatcher& operator=(const IpaDispatcher&) = delete;

  // The server's answer, which may be an IpaError. A failed write carries OutcomeUnknown when it
  // may have reached the server, also when only the caller's deadline passed. Errors: see
  // IpaSession::Post; RESOURCE_EXHAUSTED. Blocks; thread-safe.
  absl::StatusOr<IpaAnswer> Run(IpaCommand command, const Call& call);

  // Several commands at once, answers in the same order.
  std::vector<absl::StatusOr<IpaAnswer>> RunAll(std::vector<IpaCommand> commands, const Call& call);

  size_t waiting();  // commands not yet sent

 private:
  struct Job;
  using Jobs = std::vector<std::shared_ptr<Job>>;

  std::shared_ptr<Job> Enqueue(IpaCommand command, const Call& call);
  absl::StatusOr<IpaAnswer> Await(Job& job, const Call& call);
  void RunLane(const std::string& name, std::stop_token stop);
  Jobs TakeBatch(std::unique_lock<std::mutex>& lock, const std::stop_token& stop);
  size_t FairShare() const;  // needs mutex_
  void Perform(Jobs& jobs, const std::stop_token& stop);
  absl::StatusOr<IpaReply> Exchange(const Jobs& jobs, const Call& call);
  void Deliver(Jobs& jobs, absl::StatusOr<IpaReply> reply);
  bool PutBack(Jobs& jobs, const absl::Status& failure);
  void Finish(Job& job, absl::StatusOr<IpaAnswer> answer);

  IpaSession& session_;
  IpaMetrics& metrics_;
  std::mutex mutex_;
  std::condition_variable_any work_;
  std::deque<std::shared_ptr<Job>> waiting_;  // mutex_
  size_t in_flight_ = 0;                      // mutex_; commands
  size_t batch_limit_ = kMostCallsPerBatch;   // mutex_
  uint64_t next_id_ = 1;                      // mutex_
  std::vector<std::jthread> lanes_;
};

}  // namespace innkeeper
