#pragma once
// What every long-running program of ours does: block signals before the first thread, start its
// parts in order, tell systemd, feed the watchdog while its loop turns, stop in reverse order.

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/call.h"
#include "base/status.h"

namespace innkeeper {

class Daemon {
 public:
  // Blocks SIGTERM, SIGINT, SIGHUP in all threads made later and ignores SIGPIPE. Make it first.
  Daemon();
  ~Daemon();

  // One part of the program. Parts start in the order they were added; stop runs in reverse order,
  // only for those that started, each with what is left of the drain time.
  struct Part {
    std::string name;
    std::function<absl::Status()> start;
    std::function<void(const Call& drain)> stop;
  };
  void Add(Part part);
  // What SIGHUP does (reload); runs on the main thread.
  void OnReload(std::function<void()> reload);
  // Asked at half of systemd's watchdog interval, on the main thread; false withholds the feed.
  void OnWatchdog(std::function<bool()> loop_turns);
  // Text for `systemctl status`, any time from any thread.
  void SetStatus(const std::string& text);
  // Ends Run from any thread: with a non-OK status it is the program's failure. The first one
  // counts.
  void RequestStop(absl::Status why);

  // Starts every part, sends READY=1, waits for SIGTERM, SIGINT or RequestStop, sends STOPPING=1
  // and stops the parts within `drain`. A stop asked for during the start skips the parts that have
  // not started. The first failure, or OK. Call once, from the thread that made this object.
  absl::Status Run(Duration drain);

 private:
  absl::Status WaitForEnd();
  struct State;
  std::unique_ptr<State> state_;
};

// Exit codes of all our programs.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitBadConfig = 2;

}  // namespace innkeeper
