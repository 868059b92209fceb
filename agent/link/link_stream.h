#pragma once
// One open call to the coordinator, without gRPC. Implementation: grpc_dialer.

#include <functional>
#include <memory>
#include <string>

#include "base/status.h"
#include "innkeeper/agent/v1/agent.pb.h"

namespace innkeeper {

// Reading and writing may go on at the same time on two threads; Cancel comes from any thread.
class LinkStream {
 public:
  virtual ~LinkStream() = default;
  // Blocks until the message was taken over (for the first one: until there is a connection).
  // False: the call is over; Finish says why.
  virtual bool Write(const agent::v1::AgentMessage& message) = 0;
  // Blocks. False: no more messages.
  virtual bool Read(agent::v1::CoordinatorMessage& message) = 0;
  // No more writes; the coordinator then ends the call.
  virtual void CloseWrites() = 0;
  // Makes every blocked and later call fail. Any thread, any time.
  virtual void Cancel() = 0;
  // How the call ended. Once, when neither Read nor Write is under way. Blocks.
  virtual absl::Status Finish() = 0;
};

// Opens a call; does not wait for a connection. An error means that it could not even be tried: the
// key pair cannot be read.
using LinkDialer =
    std::function<absl::StatusOr<std::shared_ptr<LinkStream>>(const std::string& endpoint)>;

}  // namespace innkeeper
