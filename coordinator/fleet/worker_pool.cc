#include "coordinator/fleet/worker_pool.h"

#include <utility>

#include "base/log.h"
#include "base/thread_name.h"

namespace innkeeper {

WorkerPool::WorkerPool(const std::string& name, size_t threads, size_t most) : ready_(most) {
  for (size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this, name](std::stop_token stop) {
      NameThread(name);
      Run(std::move(stop));
    });
  }
}

void WorkerPool::Schedule(std::shared_ptr<Turns> turns) {
  // Full only if somebody is scheduled twice, or after Stop.
  static_cast<void>(ready_.Push(std::move(turns)));
}

void WorkerPool::Stop() {
  ready_.Close();
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
}

void WorkerPool::Run(std::stop_token stop) {
  while (std::optional<std::shared_ptr<Turns>> turns = ready_.Pop(stop)) {
    if ((*turns)->TakeTurn()) Schedule(*std::move(turns));
  }
}

}  // namespace innkeeper
