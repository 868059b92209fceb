#pragma once
// Ends what cannot end by itself: a thread inside libvirt waits as long as the daemon does. At the
// deadline of its Call, or at its stop request, an action of the caller's runs (cutting the
// connection), which makes the blocked function return.

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>

#include "base/call.h"

namespace innkeeper {

class CallLimits {
  using Entries = std::multimap<MonotonicTime, std::function<void()>>;

 public:
  CallLimits();

  // While it lives, `action` runs once when the call ends: on this object's thread "libvirt-limits"
  // at the deadline, or on the stopping thread. It must be quick. After the destructor it does not
  // run any more.
  class Limit {
   public:
    Limit(CallLimits& limits, const Call& call, std::function<void()> action);
    ~Limit();
    Limit(const Limit&) = delete;
    Limit& operator=(const Limit&) = delete;

   private:
    CallLimits& limits_;
    Entries::iterator entry_;
    std::stop_callback<std::function<void()>> on_stop_;
  };

 private:
  void Run(const std::stop_token& stop);
  Entries::iterator Add(MonotonicTime deadline, std::function<void()> action);

  std::mutex mutex_;  // held while an action runs
  std::condition_variable_any changed_;
  Entries entries_;                               // an action that ran is empty
  MonotonicTime wake_at_ = MonotonicTime::max();  // when the thread next looks
  std::jthread thread_;
};

}  // namespace innkeeper
