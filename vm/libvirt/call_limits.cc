#include "vm/libvirt/call_limits.h"

#include <utility>

#include "base/thread_name.h"

namespace innkeeper {

CallLimits::CallLimits() : thread_([this](const std::stop_token& stop) { Run(stop); }) {}

void CallLimits::Run(const std::stop_token& stop) {
  NameThread("libvirt-limits");
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const MonotonicTime now = std::chrono::steady_clock::now();
    auto next = entries_.begin();
    while (next != entries_.end() && next->first <= now) {
      if (const auto action = std::exchange(next->second, nullptr)) action();
      ++next;
    }
    // Entries that ran stay until their owner goes: wait for the first that did not.
    const MonotonicTime until = next == entries_.end() ? MonotonicTime::max() : next->first;
    wake_at_ = until;
    const auto earlier = [&] { return wake_at_ < until; };
    if (until == MonotonicTime::max()) {
      changed_.wait(lock, stop, earlier);
    } else {
      changed_.wait_until(lock, stop, until, earlier);
    }
  }
}

CallLimits::Entries::iterator CallLimits::Add(MonotonicTime deadline,
                                              std::function<void()> action) {
  std::scoped_lock lock(mutex_);
  // Most calls end long before: the thread is woken only for a deadline before the one it waits
  // for.
  if (deadline < wake_at_) {
    wake_at_ = deadline;
    changed_.notify_all();
  }
  return entries_.emplace(deadline, std::move(action));
}

CallLimits::Limit::Limit(CallLimits& limits, const Call& call, std::function<void()> action)
    : limits_(limits),
      entry_(limits.Add(call.deadline, action)),
      on_stop_(call.stop, std::move(action)) {}

CallLimits::Limit::~Limit() {
  std::scoped_lock lock(limits_.mutex_);
  limits_.entries_.erase(entry_);
}

}  // namespace innkeeper
