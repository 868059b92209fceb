#pragma once
// The agent's side of the stream. One reader and one writer thread, reconnecting with jitter; what
// the node knows goes out as a snapshot and numbered deltas from a bounded queue whose overflow is
// counted and repaired by a new snapshot. Implementations: GrpcCoordinatorLink; testing/FakeLink.

#include <functional>
#include <string>
#include <vector>

#include "base/call.h"
#include "base/status.h"
#include "innkeeper/agent/v1/agent.pb.h"

namespace innkeeper {

// What the link asks of the agent; called on the link's threads, must not block.
class LinkListener {
 public:
  virtual ~LinkListener() = default;
  // A consistent copy of every domain, taken when a stream opens or a resync is asked.
  virtual agent::v1::Snapshot TakeSnapshot() = 0;
  virtual std::vector<std::string> OpenOrders() = 0;
  virtual void OnOrder(agent::v1::Order order) = 0;  // wipes order.enroll.password when done
  virtual void OnCancel(const std::string& order_id) = 0;
  virtual void OnResultAck(const std::string& order_id) = 0;
  virtual void OnConnected(bool connected) = 0;
};

class CoordinatorLink {
 public:
  virtual ~CoordinatorLink() = default;
  virtual absl::Status Start(LinkListener& listener) = 0;
  virtual void Stop(const Call& drain) = 0;
  virtual bool connected() const = 0;
  // Never block. Changes are numbered per stream by the link; while no stream is up they are left
  // out, as the next snapshot holds them.
  virtual void Publish(agent::v1::Domain domain) = 0;
  virtual void Publish(agent::v1::DomainGone gone) = 0;
  virtual void Publish(agent::v1::HostUnits units) = 0;
  virtual void Publish(agent::v1::OrderProgress progress) = 0;
  // Kept and sent again on each new stream until OnResultAck.
  virtual void Publish(agent::v1::OrderResult result) = 0;
};

}  // namespace innkeeper
