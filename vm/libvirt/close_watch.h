#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "vm/libvirt/daemon_connection.h"

namespace innkeeper {

// Notices that its connection, which outlives it, is lost: libvirt calls back on its event thread,
// or someone whose call failed says so. Thread-safe.
class CloseWatch {
 public:
  explicit CloseWatch(DaemonConnection& daemon);
  ~CloseWatch();
  CloseWatch(const CloseWatch&) = delete;
  CloseWatch& operator=(const CloseWatch&) = delete;

  void NoteLoss(const std::string& why);
  // Why it was lost; empty after a stop request.
  std::string AwaitLoss(const std::stop_token& stop);

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable_any changed;
    bool lost = false;
    std::string why;
  };
  static void Note(State& state, const std::string& why);
  static void OnClose(virConnectPtr connection, int reason, void* closure);

  DaemonConnection& daemon_;
  // Shared with libvirt, which may call back after it was told not to.
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace innkeeper
