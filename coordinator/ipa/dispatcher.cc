#include "coordinator/ipa/dispatcher.h"

#include <algorithm>
#include <utility>

#include "base/thread_name.h"
#include "coordinator/guests/ipa_client.h"

namespace innkeeper {
namespace {

constexpr size_t kLanes = 2;
constexpr Duration kLinger = std::chrono::milliseconds(2);
// Fewer commands than this are not worth a second request: it costs the server about two of them.
constexpr size_t kWorthSharing = 8;
// A request never outlives this, whatever its callers allow: both lanes hanging on one sick server
// would keep every later caller from learning that it is sick.
constexpr Duration kLongestRequest = std::chrono::seconds(120);

bool IsWrite(const IpaCommand& command) { return command.effect == IpaEffect::kWrites; }

// What the caller of this command must know of a failed request.
absl::Status FailureOf(const IpaCommand& command, const absl::Status& failure) {
  if (IsWrite(command) || !OutcomeUnknown(failure)) return failure;
  return absl::Status(failure.code(), failure.message());
}

}  // namespace

// Owned by its caller and, while it is queued or under way, by the dispatcher. Guarded by mutex_.
struct IpaDispatcher::Job {
  enum class State { kWaiting, kSent, kDone };
  IpaCommand command;
  MonotonicTime deadline;
  State state = State::kWaiting;
  bool abandoned = false;  // its caller left while it was under way
  absl::StatusOr<IpaAnswer> answer = absl::InternalError("no answer yet");
  std::condition_variable_any done;
};

IpaDispatcher::IpaDispatcher(IpaSession& session, IpaMetrics& metrics)
    : session_(session), metrics_(metrics) {
  for (size_t i = 1; i <= kLanes; ++i)
    lanes_.emplace_back([this, name = "ipa-" + std::to_string(i)](std::stop_token stop) {
      RunLane(name, std::move(stop));
    });
}

IpaDispatcher::~IpaDispatcher() {
  for (std::jthread& lane : lanes_) lane.request_stop();
  lanes_.clear();
  const std::scoped_lock lock(mutex_);
  for (const auto& job : waiting_) Finish(*job, absl::CancelledError("FreeIPA client stops"));
  waiting_.clear();
}

absl::StatusOr<IpaAnswer> IpaDispatcher::Run(IpaCommand command, const Call& call) {
  const std::shared_ptr<Job> job = Enqueue(std::move(command), call);
  return Await(*job, call);
}

std::vector<absl::StatusOr<IpaAnswer>> IpaDispatcher::RunAll(std::vector<IpaCommand> commands,
                                                             const Call& call) {
  Jobs jobs;
  for (IpaCommand& command : commands) jobs.push_back(Enqueue(std::move(command), call));
  std::vector<absl::StatusOr<IpaAnswer>> answers;
  for (const auto& job : jobs) answers.push_back(Await(*job, call));
  return answers;
}

size_t IpaDispatcher::waiting() {
  const std::scoped_lock lock(mutex_);
  return waiting_.size();
}

std::shared_ptr<IpaDispatcher::Job> IpaDispatcher::Enqueue(IpaCommand command, const Call& call) {
  auto job = std::make_shared<Job>();
  job->command = std::move(command);
  job->deadline = call.deadline;
  {
    const std::scoped_lock lock(mutex_);
    if (waiting_.size() < kMostWaiting) {
      waiting_.push_back(job);
    } else {
      Finish(*job, absl::ResourceExhaustedError("too many commands wait for FreeIPA"));
    }
  }
  work_.notify_one();
  return job;
}

absl::StatusOr<IpaAnswer> IpaDispatcher::Await(Job& job, const Call& call) {
  std::unique_lock lock(mutex_);
  job.done.wait_until(lock, call.stop, call.deadline,
                      [&] { return job.state == Job::State::kDone; });
  if (job.state == Job::State::kDone) {
    metrics_.CountCommand(job.command.method, !job.answer.ok()    ? job.answer.status()
                                              : job.answer->error ? StatusOf(*job.answer->error)
                                                                  : absl::OkStatus());
    return std::move(job.answer);
  }
  const bool sent = job.state == Job::State::kSent;
  job.abandoned = true;
  std::erase_if(waiting_, [&](const auto& other) { return other.get() == &job; });
  absl::Status late = call.Check("FreeIPA " + job.command.method);
  if (late.ok()) late = absl::DeadlineExceededError("FreeIPA " + job.command.method + ": too late");
  metrics_.CountCommand(job.command.method, late);
  return sent && IsWrite(job.command) ? WithOutcomeUnknown(late) : late;
}

void IpaDispatcher::RunLane(const std::string& name, std::stop_token stop) {
  NameThread(name);
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    Jobs jobs = TakeBatch(lock, stop);
    if (jobs.empty()) continue;
    const size_t taken = jobs.size();
    in_flight_ += taken;
    lock.unlock();
    Perform(jobs, stop);
    lock.lock();
    in_flight_ -= taken;
  }
}

IpaDispatcher::Jobs IpaDispatcher::TakeBatch(std::unique_lock<std::mutex>& lock,
                                             const std::stop_token& stop) {
  work_.wait(lock, stop, [&] { return !waiting_.empty(); });
  if (in_flight_ > 0 && waiting_.size() < batch_limit_)
    work_.wait_for(lock, stop, kLinger, [&] { return waiting_.size() >= batch_limit_; });
  const size_t most = std::min(batch_limit_, FairShare());
  Jobs jobs;
  while (!stop.stop_requested() && !waiting_.empty() && jobs.size() < most) {
    waiting_.front()->state = Job::State::kSent;
    jobs.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return jobs;
}

// One lane's part of all that waits or is under way. The server works off a batch in order, so a
// lane that took everything would make its last command wait while the other lane has nothing to
// do.
size_t IpaDispatcher::FairShare() const {
  return std::max(kWorthSharing, (waiting_.size() + in_flight_ + kLanes - 1) / kLanes);
}

void IpaDispatcher::Perform(Jobs& jobs, const std::stop_token& stop) {
  MonotonicTime deadline = MonotonicTime::min();
  for (const auto& job : jobs) deadline = std::max(deadline, job->deadline);
  const Call call = Call{deadline, stop}.AtMost(kLongestRequest);
  absl::StatusOr<IpaReply> reply = Exchange(jobs, call);
  const std::scoped_lock lock(mutex_);
  Deliver(jobs, std::move(reply));
}

// One request and its reply; once more after a new login if the reply itself says the login is
// dead.
absl::StatusOr<IpaReply> IpaDispatcher::Exchange(const Jobs& jobs, const Call& call) {
  std::vector<const IpaCommand*> commands;
  for (const auto& job : jobs) commands.push_back(&job->command);
  uint64_t id = 0;
  for (bool again = false;; again = true) {
    {
      const std::scoped_lock lock(mutex_);
      id = next_id_++;
    }
    metrics_.BeginRequest(jobs.size());
    const auto began = std::chrono::steady_clock::now();
    absl::StatusOr<HttpReply> http = session_.Post(EncodeRequest(commands, id), call);
    metrics_.EndRequest(std::chrono::steady_clock::now() - began);
    if (!http.ok()) return http.status();
    absl::StatusOr<IpaReply> reply = DecodeReply(http->body, jobs.size(), id);
    if (!reply.ok()) return WithOutcomeUnknown(reply.status());
    const bool dead = reply->error && ClassOf(reply->error->code) == IpaErrorClass::kLogin;
    if (dead) session_.Expire();
    if (!dead || again) return reply;
  }
}

void IpaDispatcher::Deliver(Jobs& jobs, absl::StatusOr<IpaReply> reply) {
  if (reply.ok() && !reply->error) {
    batch_limit_ = std::min(batch_limit_ * 2, kMostCallsPerBatch);
    for (size_t i = 0; i < jobs.size(); ++i) Finish(*jobs[i], std::move(reply->answers[i]));
    return;
  }
  if (reply.ok() && jobs.size() == 1) {
    IpaAnswer refused;
    refused.error = std::move(reply->error);
    Finish(*jobs.front(), std::move(refused));
    return;
  }
  // A request that FreeIPA refused as a whole ran nothing at all.
  const absl::Status failure = reply.ok() ? StatusOf(*reply->error) : reply.status();
  if (jobs.size() > 1 && PutBack(jobs, failure)) return;
  for (const auto& job : jobs) Finish(*job, FailureOf(job->command, failure));
}

// After a batch that failed as a whole: smaller requests from now on, and what certainly did no
// harm waits again, first in line. False when all of it has to fail.
bool IpaDispatcher::PutBack(Jobs& jobs, const absl::Status& failure) {
  const bool reached = OutcomeUnknown(failure) || absl::IsInvalidArgument(failure) ||
                       absl::IsResourceExhausted(failure);
  if (!reached || absl::IsDeadlineExceeded(failure) || absl::IsCancelled(failure)) return false;
  batch_limit_ = 1;
  const bool nothing_ran = !OutcomeUnknown(failure);
  for (auto job = jobs.rbegin(); job != jobs.rend(); ++job) {
    if ((*job)->abandoned) continue;
    if (nothing_ran || !IsWrite((*job)->command)) {
      (*job)->state = Job::State::kWaiting;
      waiting_.push_front(*job);
    } else {
      Finish(**job, failure);
    }
  }
  work_.notify_all();
  return true;
}

void IpaDispatcher::Finish(Job& job, absl::StatusOr<IpaAnswer> answer) {
  job.answer = std::move(answer);
  job.state = Job::State::kDone;
  job.done.notify_all();
}

}  // namespace innkeeper
