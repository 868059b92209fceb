#include "coordinator/doors.h"

#include <utility>

#include "coordinator/pki/roles.h"

namespace innkeeper {

Doors::Doors(Parts parts)
    : parts_(parts),
      refusals_(parts.audit, parts.registry, {}),
      admin_(parts.audit, refusals_,
             [this](const std::string& certificate) { return OperatorOf(certificate); }) {}

absl::StatusOr<std::string> Doors::OperatorOf(const std::string& certificate) const {
  ASSIGN_OR_RETURN(const PeerRole role, RoleOf(certificate, parts_.issuers, parts_.clock.Now()));
  if (role.person() != nullptr) return role.person()->name;
  return RefusedCertificate(CertificateFlaw::kWrongRole, "an agent's certificate is no operator's");
}

absl::StatusOr<StreamPeer> Doors::AgentOf(const std::string& certificate) const {
  ASSIGN_OR_RETURN(const PeerRole role, RoleOf(certificate, parts_.issuers, parts_.clock.Now()));
  if (role.agent() != nullptr) return StreamPeer{role.agent()->node, role.certificate_expires};
  return RefusedCertificate(CertificateFlaw::kWrongRole, "an operator's certificate is no agent's");
}

AgentGate Doors::Agents() {
  AgentGate gate;
  gate.identify = [this](const std::string& certificate) { return AgentOf(certificate); };
  gate.admit = [this](const std::string& certificate, const Call& call) -> absl::Status {
    if (!parts_.leadership.Leads()) return absl::UnavailableError("another coordinator leads");
    return parts_.nodes.Admit(certificate, call).status();
  };
  gate.refused = [this](const std::string& certificate, const std::string& address,
                        const absl::Status& why) {
    refusals_.Certificate(Listener::kAgents, FlawOf(why),
                          {DescribeCertificate(certificate), address, "agents.connect", "", why});
  };
  return gate;
}

void Doors::ApiRefused(const std::string& address, const absl::Status& why) {
  refusals_.Certificate(Listener::kApi, FlawOf(why), {"unknown", address, "api.connect", "", why});
}

void Doors::NotBelieved(const NodeName& node, Refusal refusal) {
  const std::string reason = RefusalText(refusal);
  refusals_.Report(reason, {"node " + node.text, "", "agents.report", node.text,
                            absl::PermissionDeniedError(reason)});
}

void Doors::Joined(const std::string& action, const std::string& who, const std::string& address,
                   const absl::Status& outcome) {
  AuditLog::Line line{"node " + who, address, "node." + action, who, outcome};
  switch (outcome.code()) {
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kResourceExhausted:  // too many tries
      return refusals_.Token(std::move(line));
    case absl::StatusCode::kPermissionDenied:
      return refusals_.Certificate(Listener::kApi, FlawOf(outcome), std::move(line));
    default:
      parts_.audit.Write(line);
  }
}

}  // namespace innkeeper
