#include "base/daemon.h"

#include <pthread.h>
#include <signal.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "base/guarded.h"
#include "base/log.h"
#include "base/text.h"

namespace innkeeper {

namespace {

// What RequestStop sends the main thread.
constexpr int kStopWish = SIGUSR2;

}  // namespace

struct Daemon::State {
  sigset_t signals;
  pthread_t main = pthread_self();
  std::vector<Part> parts;
  std::function<void()> reload;
  std::function<bool()> loop_turns;
  Guarded<std::optional<absl::Status>> stop_wish;

  // True when a signal that ends the program waits to be taken.
  bool StopPending() const {
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1 ||
           sigismember(&pending, kStopWish) == 1;
  }

  // The next signal, or 0 after `wait`.
  absl::StatusOr<int> NextSignal(Duration wait) const {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wait);
    const timespec limit{seconds.count(), (wait - seconds).count()};
    const int got = sigtimedwait(&signals, nullptr, &limit);
    if (got > 0) return got;
    if (errno == EAGAIN || errno == EINTR) return 0;
    return ErrnoStatus(errno, "wait for signals");
  }
};

namespace {

void StopParts(std::vector<Daemon::Part>& parts, size_t started, Duration drain) {
  const Call call = Call::Within(drain);
  while (started > 0) {
    Daemon::Part& part = parts[--started];
    LogDebug("stopping", {{"part", part.name}});
    if (part.stop) part.stop(call);
  }
}

std::optional<Duration> WatchdogPause() {
  uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) <= 0) return std::nullopt;
  return std::chrono::microseconds(microseconds / 2);
}

// Newer systemd (Type=notify-reload) wants to know which reload this answers; older ones ignore it.
void SendReloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const int64_t microseconds = int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
  sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%s", std::to_string(microseconds).c_str());
}

}  // namespace

Daemon::Daemon() : state_(std::make_unique<State>()) {
  signal(SIGPIPE, SIG_IGN);
  sigemptyset(&state_->signals);
  for (const int one : {SIGTERM, SIGINT, SIGHUP, kStopWish}) sigaddset(&state_->signals, one);
  pthread_sigmask(SIG_BLOCK, &state_->signals, nullptr);
}

Daemon::~Daemon() = default;

void Daemon::Add(Part part) { state_->parts.push_back(std::move(part)); }
void Daemon::OnReload(std::function<void()> reload) { state_->reload = std::move(reload); }
void Daemon::OnWatchdog(std::function<bool()> turns) { state_->loop_turns = std::move(turns); }

void Daemon::SetStatus(const std::string& text) {
  sd_notifyf(0, "STATUS=%s", Printable(text).c_str());  // a newline would begin another assignment
}

void Daemon::RequestStop(absl::Status why) {
  state_->stop_wish.With([&](auto& wish) {
    if (!wish) wish = std::move(why);
  });
  pthread_kill(state_->main, kStopWish);
}

absl::Status Daemon::Run(Duration drain) {
  size_t started = 0;
  absl::Status outcome;
  for (; started < state_->parts.size() && !state_->StopPending(); ++started) {
    const Part& part = state_->parts[started];
    LogDebug("starting", {{"part", part.name}});
    outcome = Annotate(part.start(), "start " + part.name);
    if (!outcome.ok()) break;
  }
  if (outcome.ok()) outcome = WaitForEnd();
  sd_notify(0, "STOPPING=1");
  StopParts(state_->parts, started, drain);
  return outcome;
}

absl::Status Daemon::WaitForEnd() {
  if (!state_->StopPending()) sd_notify(0, "READY=1");
  const std::optional<Duration> watchdog = WatchdogPause();
  while (true) {
    ASSIGN_OR_RETURN(const int got, state_->NextSignal(watchdog.value_or(std::chrono::hours(1))));
    if (watchdog && (!state_->loop_turns || state_->loop_turns())) sd_notify(0, "WATCHDOG=1");
    if (got == SIGTERM || got == SIGINT) return absl::OkStatus();
    if (got == kStopWish) {
      const auto wish = state_->stop_wish.With([](auto& asked) { return asked; });
      if (wish) return *wish;  // else a stray signal from outside
    }
    if (got == SIGHUP && state_->reload) {
      SendReloading();
      state_->reload();
      sd_notify(0, "READY=1");
    }
  }
}

}  // namespace innkeeper
