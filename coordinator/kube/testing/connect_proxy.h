#pragma once
// An HTTPS proxy on the loopback whose connections a test can cut at any moment.

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.h"

namespace innkeeper {

// Understands CONNECT alone. Connections are relayed by a thread each.
class ConnectProxy {
 public:
  ConnectProxy();
  ~ConnectProxy();
  ConnectProxy(const ConnectProxy&) = delete;
  ConnectProxy& operator=(const ConnectProxy&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  // Every connection ends now, wherever it is; later ones are served again.
  void Cut();
  // Connections made so far.
  int Connections();

 private:
  struct State {
    std::vector<int> open;
    int connections = 0;
  };
  void Accept();
  void Relay(int client);
  void Forget(int descriptor);

  int listener_ = -1;
  uint16_t port_ = 0;
  Guarded<State> state_;
  std::vector<std::jthread> relays_;  // the acceptor's, then the destructor's
  std::jthread acceptor_;
};

}  // namespace innkeeper
