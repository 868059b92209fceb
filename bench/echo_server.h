#pragma once
// The floor of every stream: a gRPC server that does nothing but send back, over mTLS.
//
// A heartbeat is answered by an ack of the same number. One with drops = 1 is a report: it is not
// answered but handed to `report`, on the stream's thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/testing/temp_dir.h"

namespace innkeeper {

class EchoServer {
 public:
  explicit EchoServer(std::function<void(uint64_t)> report);
  ~EchoServer();
  EchoServer(const EchoServer&) = delete;
  EchoServer& operator=(const EchoServer&) = delete;

  std::string endpoint() const;
  // A key pair for its client, as PublishKeyPair leaves it.
  std::string keys() const { return dir_.File("keys"); }
  // Waits until a stream is open. False: none came within a minute.
  bool AwaitClient();

 private:
  struct State;
  TempDir dir_;
  std::unique_ptr<State> state_;
};

}  // namespace innkeeper
