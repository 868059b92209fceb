#pragma once
// Who is let in at which listener, in one place: agents at the gRPC port, operators and joining
// agents at the HTTPS port, the socket's users at the unix socket. Every refusal is counted and
// audited (RefusalLog).

#include <string>

#include "base/clock.h"
#include "base/http_server/http_server.h"
#include "coordinator/admin/admin_gate.h"
#include "coordinator/admin/refusal_log.h"
#include "coordinator/fleet/agent_messages.h"
#include "coordinator/fleet/agent_service.h"
#include "coordinator/pki/issuers.h"
#include "coordinator/pki/join.h"
#include "coordinator/pki/join_routes.h"

namespace innkeeper {

// Thread-safe. What it gives away refers to it.
class Doors {
 public:
  struct Parts {
    Issuers& issuers;
    NodeGate& nodes;
    const Leadership& leadership;
    AuditLog& audit;
    const Clock& clock;
    prometheus::Registry& registry;
  };
  explicit Doors(Parts parts);

  AdminGate& admin() { return admin_; }
  // An agent's stream is of use to the leader alone: elsewhere it is sent away (UNAVAILABLE) and
  // tries again.
  AgentGate Agents();
  // For HttpServer::Options::on_refused of the HTTPS port.
  void ApiRefused(const std::string& address, const absl::Status& why);
  // For Fleet::Options::on_refused.
  void NotBelieved(const NodeName& node, Refusal refusal);
  // For JoinAnswers::audit.
  void Joined(const std::string& action, const std::string& who, const std::string& address,
              const absl::Status& outcome);

 private:
  absl::StatusOr<std::string> OperatorOf(const std::string& certificate) const;
  absl::StatusOr<StreamPeer> AgentOf(const std::string& certificate) const;

  const Parts parts_;
  RefusalLog refusals_;
  AdminGate admin_;
};

}  // namespace innkeeper
