#include "base/daemon.h"

#include <pthread.h>
#include <signal.h>
#include <systemd/sd-daemon.h>

#include <atomic>
#include <cerrno>
#include <optional>
#include <utility>

#include "base/guarded.h"
#include "base/log.h"

namespace innkeeper {

struct Daemon::State {
  sigset_t signals;
  pthread_t main = pthread_self();
  std::vector<Part> parts;
  std::function<void()> reload;
  std::function<bool()> loop_turns;
  Guarded<std::optional<absl::Status>> stop_wish;
};

namespace {

// What RequestStop sends the main thread.
constexpr int kStopWish = SIGUSR2;

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

void Daemon::SetStatus(const std::string& text) { sd_notifyf(0, "STATUS=%s", text.c_str()); }

void Daemon::RequestStop(absl::Status why) {
  state_->stop_wish.With([&](auto& wish) {
    if (!wish) wish = std::move(why);
  });
  pthread_kill(state_->main, kStopWish);
}

absl::Status Daemon::Run(Duration drain) {
  size_t started = 0;
  absl::Status outcome;
  for (; started < state_->parts.size() && outcome.ok(); ++started) {
    LogDebug("starting", {{"part", state_->parts[started].name}});
    outcome = Annotate(state_->parts[started].start(), "start " + state_->parts[started].name);
    if (!outcome.ok()) break;
  }
  if (outcome.ok()) {
    sd_notify(0, "READY=1");
    outcome = WaitForEnd();
    sd_notify(0, "STOPPING=1");
  }
  StopParts(state_->parts, started, drain);
  return outcome;
}

absl::Status Daemon::WaitForEnd() {
  const std::optional<Duration> watchdog = WatchdogPause();
  while (true) {
    const Duration wait = watchdog.value_or(std::chrono::hours(1));
    const timespec limit{std::chrono::duration_cast<std::chrono::seconds>(wait).count(),
                         (wait % std::chrono::seconds(1)).count()};
    const int got = sigtimedwait(&state_->signals, nullptr, &limit);
    if (watchdog && (!state_->loop_turns || state_->loop_turns())) sd_notify(0, "WATCHDOG=1");
    if (got < 0) {
      if (errno == EAGAIN || errno == EINTR) continue;
      return ErrnoStatus(errno, "wait for signals");
    }
    if (got == SIGTERM || got == SIGINT) return absl::OkStatus();
    if (got == SIGHUP && state_->reload) {
      sd_notify(0, "RELOADING=1");
      state_->reload();
      sd_notify(0, "READY=1");
    }
    const std::optional<absl::Status> wish = state_->stop_wish.With([](auto& w) { return w; });
    if (wish) return *wish;
  }
}

}  // namespace innkeeper
