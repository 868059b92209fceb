#pragma once
// One agent's stream as the fleet sees it, without gRPC: what it may do to a stream, and what it is
// told of one. Implementations: the reactor in agent_service; testing/FakeAgentStream.

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "base/status.h"
#include "coordinator/guests/node_reports.h"
#include "innkeeper/agent/v1/agent.pb.h"

namespace innkeeper {

// Thread-safe; nothing blocks or calls back.
class AgentStream {
 public:
  virtual ~AgentStream() = default;
  // Proven by the channel.
  virtual const NodeIdentity& node() const = 0;
  virtual const std::string& address() const = 0;
  virtual absl::Time certificate_expires() const = 0;
  // Queues a message; an Ack overtakes the queued one before it. False: the stream has ended or its
  // queue is full (then it ends: a peer that does not read is as good as gone). The password of an
  // Enroll is wiped once it was written.
  virtual bool Send(agent::v1::CoordinatorMessage message) = 0;
  // Ends the call with `why` after what is being written. Later calls change nothing.
  virtual void End(absl::Status why) = 0;
};

// Told in order for each stream, for several streams at once; may take a while, must not wait for
// peers.
class AgentStreamListener {
 public:
  virtual ~AgentStreamListener() = default;
  virtual void OnMessage(const std::shared_ptr<AgentStream>& stream,
                         agent::v1::AgentMessage message) = 0;
  // The last word on a stream that had a message.
  virtual void OnClosed(const std::shared_ptr<AgentStream>& stream) = 0;
};

}  // namespace innkeeper
