#include "vm/libvirt/event_loop.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <mutex>

#include "base/log.h"
#include "base/thread_name.h"
#include "vm/libvirt/libvirt_error.h"

namespace innkeeper {
namespace {

constexpr int kTickMilliseconds = 1000;
// After the last callback libvirt frees closures in later turns.
constexpr int kLastTurns = 3;

std::atomic<bool> in_use = false;

void RegisterOnce() {
  static std::once_flag once;
  std::call_once(once, [] {
    virSetErrorFunc(nullptr, [](void*, virErrorPtr) {});
    IK_CHECK(virInitialize() == 0);
    IK_CHECK(virEventRegisterDefaultImpl() == 0);
  });
}

}  // namespace

LibvirtEventLoop::LibvirtEventLoop() {
  IK_CHECK(!in_use.exchange(true));
  RegisterOnce();
}

LibvirtEventLoop::~LibvirtEventLoop() {
  Stop();
  in_use = false;
}

void LibvirtEventLoop::Tick(int, void* self) {
  static_cast<LibvirtEventLoop*>(self)->last_turn_ =
      std::chrono::steady_clock::now().time_since_epoch().count();
}

absl::Status LibvirtEventLoop::Start() {
  timer_ = virEventAddTimeout(kTickMilliseconds, Tick, this, nullptr);
  if (timer_ < 0) return ToStatus(TakeLastError(), "libvirt's event loop");
  Tick(timer_, this);
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  return absl::OkStatus();
}

void LibvirtEventLoop::Run(const std::stop_token& stop) {
  NameThread("libvirt-events");
  int turns_left = kLastTurns;
  while (turns_left > 0) {
    if (virEventRunDefaultImpl() < 0) {
      LogError("libvirt's event loop failed", {{"error", TakeLastError().message}});
    }
    if (stop.stop_requested()) --turns_left;
  }
}

void LibvirtEventLoop::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  virEventUpdateTimeout(timer_, 0);  // wakes the loop, now and for its last turns
  thread_.join();
  virEventRemoveTimeout(timer_);
  timer_ = -1;
}

MonotonicTime LibvirtEventLoop::last_turn() const {
  return MonotonicTime(MonotonicTime::duration(last_turn_.load()));
}

}  // namespace innkeeper
