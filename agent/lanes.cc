#include "agent/lanes.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "base/log.h"
#include "base/thread_name.h"

namespace innkeeper {

// Owned by every worker too, so that an abandoned one still finds its mutex when it comes back.
struct Lanes::State {
  struct Lane {
    std::deque<Job> jobs;  // the front one is under way once `started`
    std::deque<Job> probes;
    bool running = false;  // a worker is in it
    MonotonicTime not_before{};
    std::stop_source stop;
  };
  struct Running {
    DomainId domain;
    std::string name;
    MonotonicTime late;  // when it counts as stuck
    bool stuck = false;
  };

  State(Options o, const Clock& c) : options(o), clock(c) {}

  // The lane that may run now and is due first, or nothing; `wake` is when to look again.
  std::map<DomainId, Lane>::iterator Due(MonotonicTime now, MonotonicTime& wake);
  void Work(uint64_t worker, const std::stop_token& stop);
  bool Perform(uint64_t worker, std::unique_lock<std::mutex>& lock,
               std::map<DomainId, Lane>::iterator lane);
  void Settle(const DomainId& domain, Job job, Next next);
  void Watch(const std::stop_token& stop);
  void Spawn();
  // Something changed that a worker or the watcher may wait for. Needs the mutex.
  void Notify() {
    ++version;
    changed.notify_all();
  }
  void WaitUntil(std::unique_lock<std::mutex>& lock, MonotonicTime wake,
                 const std::stop_token& stop) {
    changed.wait_until(lock, stop, wake, [this, seen = version] { return version != seen; });
  }

  const Options options;
  const Clock& clock;
  mutable std::mutex mutex;
  std::condition_variable_any changed;
  std::map<DomainId, Lane> lanes;
  std::map<uint64_t, Running> running;  // by worker
  std::map<uint64_t, std::jthread> workers;
  std::set<uint64_t> replaced;  // stuck ones that end when they return
  uint64_t next_worker = 0;
  uint64_t refused = 0, abandoned = 0;
  uint64_t version = 0;
  bool stopping = false;
  std::jthread watcher;
  std::weak_ptr<State> self;
};

std::map<DomainId, Lanes::State::Lane>::iterator Lanes::State::Due(MonotonicTime now,
                                                                   MonotonicTime& wake) {
  auto best = lanes.end();
  for (auto place = lanes.begin(); place != lanes.end(); ++place) {
    Lane& lane = place->second;
    if (lane.running) continue;
    if (!lane.probes.empty()) return place;
    if (lane.jobs.empty()) continue;
    wake = std::min(wake, lane.not_before);
    if (lane.not_before > now) continue;
    if (best == lanes.end() || lane.not_before < best->second.not_before) best = place;
  }
  return best;
}

void Lanes::State::Settle(const DomainId& domain, Job job, Next next) {
  const auto place = lanes.find(domain);
  Lane& lane = place->second;
  lane.running = false;
  if (!job.probe) {
    lane.not_before = clock.Monotonic() + (next.done ? Duration::zero() : next.pause);
    if (!next.done) lane.jobs.push_front(std::move(job));
  }
  if (lane.jobs.empty() && lane.probes.empty()) lanes.erase(place);
}

bool Lanes::State::Perform(uint64_t worker, std::unique_lock<std::mutex>& lock,
                           std::map<DomainId, Lane>::iterator place) {
  const DomainId domain = place->first;
  Lane& lane = place->second;
  std::deque<Job>& from = lane.probes.empty() ? lane.jobs : lane.probes;
  Job job = std::move(from.front());
  from.pop_front();
  lane.running = true;
  const Call call{clock.Monotonic() + job.limit, lane.stop.get_token()};
  running[worker] = {domain, job.name, call.deadline + options.stuck_grace, false};
  Notify();  // the watcher learns of the new deadline
  lock.unlock();
  const Next next = job.step(call);
  lock.lock();
  running.erase(worker);
  if (stopping) {  // maybe abandoned: only what this object owns is still sure to be there
    Notify();
    return false;
  }
  Settle(domain, std::move(job), call.stop.stop_requested() ? Next::Done() : next);
  Notify();
  return !replaced.contains(worker);
}

void Lanes::State::Work(uint64_t worker, const std::stop_token& stop) {
  std::unique_lock lock(mutex);
  while (!stop.stop_requested() && !stopping) {
    const MonotonicTime now = clock.Monotonic();
    MonotonicTime wake = now + std::chrono::hours(1);
    const auto lane = Due(now, wake);
    if (lane == lanes.end()) {
      WaitUntil(lock, wake, stop);
      continue;
    }
    if (!Perform(worker, lock, lane)) break;
  }
}

void Lanes::State::Spawn() {
  const uint64_t id = next_worker++;
  std::shared_ptr<State> state = self.lock();
  workers[id] = std::jthread([state, id](const std::stop_token& stop) {
    NameThread("lane-" + std::to_string(id));
    state->Work(id, stop);
  });
}

void Lanes::State::Watch(const std::stop_token& stop) {
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    MonotonicTime wake = clock.Monotonic() + std::chrono::hours(1);
    for (auto& [worker, task] : running) {
      if (task.stuck) continue;
      if (task.late > clock.Monotonic()) {
        wake = std::min(wake, task.late);
        continue;
      }
      task.stuck = true;
      ++abandoned;
      replaced.insert(worker);
      LogWarning("lane is stuck, its worker is replaced",
                 {{"domain", task.domain.uuid}, {"job", task.name}});
      if (!stopping) Spawn();
    }
    WaitUntil(lock, wake, stop);
  }
}

Lanes::Lanes(Options options, const Clock& clock)
    : state_(std::make_shared<State>(options, clock)) {
  state_->self = state_;
  std::scoped_lock lock(state_->mutex);
  for (size_t i = 0; i < options.workers; ++i) state_->Spawn();
  state_->watcher = std::jthread([state = state_.get()](const std::stop_token& stop) {
    NameThread("lane-watch");
    state->Watch(stop);
  });
}

Lanes::~Lanes() { Stop(Call{MonotonicTime{}, {}}); }

bool Lanes::Submit(const DomainId& domain, Job job) {
  std::scoped_lock lock(state_->mutex);
  State::Lane& lane = state_->lanes[domain];
  std::deque<Job>& to = job.probe ? lane.probes : lane.jobs;
  if (state_->stopping || to.size() >= state_->options.jobs_per_lane) {
    ++state_->refused;
    return false;
  }
  to.push_back(std::move(job));
  state_->Notify();
  return true;
}

void Lanes::Stop(const Call& drain) {
  std::map<uint64_t, std::jthread> workers;
  {
    std::unique_lock lock(state_->mutex);
    if (state_->stopping) return;
    state_->stopping = true;
    for (auto& [domain, lane] : state_->lanes) lane.stop.request_stop();
    state_->Notify();
    state_->changed.wait_until(lock, drain.stop, drain.deadline,
                               [this] { return state_->running.empty(); });
    workers.swap(state_->workers);
  }
  state_->watcher.request_stop();
  if (state_->watcher.joinable()) state_->watcher.join();
  for (auto& [id, worker] : workers) {
    worker.request_stop();
    const bool busy = [this, id = id] {
      std::scoped_lock lock(state_->mutex);
      return state_->running.contains(id);
    }();
    busy ? worker.detach() : worker.join();
  }
}

Lanes::Counts Lanes::counts() const {
  std::scoped_lock lock(state_->mutex);
  Counts counts{state_->lanes.size(), state_->running.size(), 0, state_->refused,
                state_->abandoned};
  for (const auto& [worker, task] : state_->running) counts.stuck += task.stuck ? 1 : 0;
  return counts;
}

}  // namespace innkeeper
