#pragma once
// The gRPC port: agents only, client certificates at the handshake, one stream per agent. Callback
// reactors that never block; a full inbox pauses reading, so that HTTP/2's flow control pushes back
// on an agent that floods; a full outbox ends the stream.
//
// Streams end by us when the certificate expires, when nothing was heard for three heartbeats, when
// the node is ended (revoked, forgotten), or when their queue to the agent is full.

#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "base/call.h"
#include "base/clock.h"
#include "base/status.h"
#include "coordinator/fleet/agent_stream.h"
#include "coordinator/fleet/fleet_metrics.h"
#include "coordinator/guests/node_reports.h"

namespace innkeeper {

struct StreamPeer {
  NodeIdentity node;
  absl::Time certificate_expires;
};

// Who is let in. The certificate is the one of the channel, PEM; empty when none was shown.
struct AgentGate {
  // What the certificate itself says, its signature included: the handshake asks this and nothing
  // else, and every stream asks again. Quick: runs on gRPC's threads. PERMISSION_DENIED: no
  // agent's.
  std::function<absl::StatusOr<StreamPeer>(const std::string& certificate)> identify;
  // Whether the node is still welcome. May block; before the stream's first message is looked at.
  // UNAVAILABLE and its like: nobody can tell now, or another coordinator leads: it may come again.
  std::function<absl::Status(const std::string& certificate, const Call& call)> admit;
  // Told of each peer that either of them refused for good; quick, may be empty. The address is
  // empty for one that did not get past the handshake: gRPC does not tell.
  std::function<void(const std::string& certificate, const std::string& address,
                     const absl::Status& why)>
      refused;
};

class AgentService {
 public:
  struct Options {
    std::string listen;                             // "0.0.0.0:8444"; port 0: any
    std::string key_directory;                      // of PublishKeyPair; watched
    Duration reload = std::chrono::seconds(10);     // how often it is looked at; whole seconds
    Duration heartbeat = std::chrono::seconds(10);  // as agents are told
    Duration drain = std::chrono::seconds(1);       // for a write under way when a stream is ended
    size_t streams = 2048;                          // at once; more are RESOURCE_EXHAUSTED
    size_t streams_per_node = 4;  // two during a takeover, and some that are half dead
    size_t workers = 2;
    size_t memory = 512u << 20;  // bytes gRPC may hold for this port
  };
  // FAILED_PRECONDITION: no valid key pair in the directory. UNAVAILABLE: address in use. Serves
  // when it returns. The listener, clock and metrics outlive it.
  static absl::StatusOr<std::unique_ptr<AgentService>> Create(Options options, AgentGate gate,
                                                              AgentStreamListener& listener,
                                                              const Clock& clock,
                                                              FleetMetrics& metrics);
  virtual ~AgentService() = default;

  // Ends every stream of the node, also those that are just being opened. To lock a node out, make
  // the gate refuse it first, then call this.
  virtual void EndNode(const NodeName& node, const absl::Status& why) = 0;
  // Ends all streams (agents connect again elsewhere or later) and stops listening. Blocks until
  // every stream's OnClosed was told or the deadline.
  virtual void Stop(const Call& drain) = 0;
  // "127.0.0.1:37211", with the port that was bound.
  virtual std::string endpoint() const = 0;
  virtual size_t streams() const = 0;
};

}  // namespace innkeeper
