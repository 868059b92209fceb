#pragma once

#include <condition_variable>
#include <mutex>

#include "base/call.h"

namespace innkeeper {

// Holds handlers until a test lets them go on, and tells the test when they have arrived.
class Gate {
 public:
  // In a handler. False when the call ended before the gate opened.
  bool Pass(const Call& call) {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    return changed_.wait_until(lock, call.stop, call.deadline, [this] { return open_; });
  }
  void AwaitArrivals(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return arrived_ >= count; });
  }
  void Open() {
    {
      std::scoped_lock lock(mutex_);
      open_ = true;
    }
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  int arrived_ = 0;
  bool open_ = false;
};

}  // namespace innkeeper
