#pragma once
// The one thread on which libvirt calls back: events, timers, keepalives of every connection.

#include <atomic>
#include <thread>

#include "base/clock.h"
#include "base/status.h"

namespace innkeeper {

// libvirt's event loop is one per process: construct this before the first connection is opened,
// and at most one at a time. Also silences libvirt's own printing of errors.
class LibvirtEventLoop {
 public:
  LibvirtEventLoop();
  ~LibvirtEventLoop();  // stops it
  LibvirtEventLoop(const LibvirtEventLoop&) = delete;
  LibvirtEventLoop& operator=(const LibvirtEventLoop&) = delete;

  // Starts the thread "libvirt-events". INTERNAL when libvirt refuses.
  absl::Status Start();
  // Every connection should be closed before. Waits for the callback that runs, if any.
  void Stop();
  // When the loop last turned: at least once a second while it is well. Any thread.
  MonotonicTime last_turn() const;

 private:
  static void Tick(int timer, void* self);
  void Run(const std::stop_token& stop);

  std::atomic<MonotonicTime::rep> last_turn_ = 0;
  int timer_ = -1;
  std::jthread thread_;
};

}  // namespace innkeeper
