#include "vm/libvirt/close_watch.h"

namespace innkeeper {
namespace {

const char* ReasonText(int reason) {
  switch (reason) {
    case VIR_CONNECT_CLOSE_REASON_EOF:
      return "the daemon ended";
    case VIR_CONNECT_CLOSE_REASON_KEEPALIVE:
      return "the daemon does not answer keepalives";
    case VIR_CONNECT_CLOSE_REASON_CLIENT:
      return "closed by us";
    default:
      return "the connection failed";
  }
}

}  // namespace

void CloseWatch::Note(State& state, const std::string& why) {
  {
    std::scoped_lock lock(state.mutex);
    if (state.lost) return;
    state.lost = true;
    state.why = why;
  }
  state.changed.notify_all();
}

void CloseWatch::OnClose(virConnectPtr, int reason, void* closure) {
  Note(**static_cast<std::shared_ptr<State>*>(closure), ReasonText(reason));
}

CloseWatch::CloseWatch(DaemonConnection& daemon) : daemon_(daemon) {
  // In-process drivers have nothing to lose; they take the closure and never give it back.
  if (!daemon.remote()) return;
  auto* closure = new std::shared_ptr<State>(state_);
  const auto free = [](void* c) { delete static_cast<std::shared_ptr<State>*>(c); };
  if (virConnectRegisterCloseCallback(daemon.get(), OnClose, closure, free) < 0) free(closure);
}

CloseWatch::~CloseWatch() {
  if (!daemon_.remote()) return;
  virConnectUnregisterCloseCallback(daemon_.get(), OnClose);
}

void CloseWatch::NoteLoss(const std::string& why) { Note(*state_, why); }

std::string CloseWatch::AwaitLoss(const std::stop_token& stop) {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, stop, [&] { return state_->lost; });
  return state_->why;
}

}  // namespace innkeeper
