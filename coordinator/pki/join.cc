#include "coordinator/pki/join.h"

#include <optional>
#include <utility>

namespace innkeeper {

absl::StatusOr<IssuedAgent> NodeGate::Join(JoinWish wish, const Call& call) {
  if (!joins_.Allow(wish.address))
    return absl::ResourceExhaustedError("too many tries; wait a few seconds");
  ASSIGN_OR_RETURN(const JoinToken token, tokens_.Check(wish.token, wish.node, call));
  if (!IsUriName(wish.node) || wish.node.find('.') != std::string::npos)
    return absl::InvalidArgumentError("a node's name is one lower-case DNS label");
  return JoinByToken(wish, token, call);
}

absl::StatusOr<IssuedAgent> NodeGate::JoinByToken(const JoinWish& wish, const JoinToken& token,
                                                  const Call& call) {
  const std::scoped_lock lock(records_);
  const NodeIdentity node{.node = {wish.node}, .space = token.space};
  RETURN_IF_ERROR(CheckNameIsFree(token, node.node, call));
  ASSIGN_OR_RETURN(std::string certificate, issuers_.IssueAgent(node, wish.request, options_.life));
  if (const absl::Status taken = tokens_.TakeUse(token, call); !taken.ok()) {
    // Lost a race for it: for this caller it is used up, as for one that came later.
    return absl::IsAborted(taken) || absl::IsNotFound(taken)
               ? absl::UnauthenticatedError("the join token is not valid")
               : taken;
  }
  NodeRecord record;
  record.identity = node;
  record.joined = clock_.Now();
  return HandOver(std::move(record), std::move(certificate), call);
}

absl::Status NodeGate::CheckNameIsFree(const JoinToken& token, const NodeName& node,
                                       const Call& call) {
  if (token.node == node.text) return absl::OkStatus();  // made to join it anew
  ASSIGN_OR_RETURN(const std::optional<NodeRecord> known, nodes_.Find(node, call));
  if (!known) return absl::OkStatus();
  return absl::AlreadyExistsError(
      "a node has that name; make a token for it: token create --node " + node.text);
}

absl::StatusOr<IssuedAgent> NodeGate::HandOver(NodeRecord record, std::string certificate,
                                               const Call& call) {
  ASSIGN_OR_RETURN(const CertificateFacts facts, ReadCertificate(certificate));
  ASSIGN_OR_RETURN(Issuers::Trust trust, issuers_.TrustOf(Authority::kCoordinator));
  record.certificate_serial = facts.serial;
  record.certificate_expires = facts.not_after;
  record.told_authority = std::move(trust.newest_sha256);
  RETURN_IF_ERROR(nodes_.Put(record, call));
  return IssuedAgent{record.identity, std::move(certificate), std::move(trust.bundle)};
}

absl::StatusOr<NodeRecord> NodeGate::Known(const PeerRole& role, const Call& call) {
  const AgentRole* agent = role.agent();
  if (agent == nullptr) return absl::PermissionDeniedError("not an agent's certificate");
  ASSIGN_OR_RETURN(std::optional<NodeRecord> record, nodes_.Find(agent->node.node, call));
  if (!record || record->revoked || record->identity.space != agent->node.space)
    return absl::PermissionDeniedError("the node is revoked or unknown");
  return *std::move(record);
}

absl::StatusOr<IssuedAgent> NodeGate::Renew(const std::string& peer, const std::string& request,
                                            const Call& call) {
  ASSIGN_OR_RETURN(const PeerRole role, RoleOf(peer, issuers_, clock_.Now()));
  const std::scoped_lock lock(records_);
  ASSIGN_OR_RETURN(NodeRecord record, Known(role, call));
  ASSIGN_OR_RETURN(std::string certificate,
                   issuers_.IssueAgent(record.identity, request, options_.life));
  return HandOver(std::move(record), std::move(certificate), call);
}

absl::StatusOr<NodeGate::Admitted> NodeGate::Admit(const std::string& peer, const Call& call) {
  ASSIGN_OR_RETURN(const PeerRole role, RoleOf(peer, issuers_, clock_.Now()));
  ASSIGN_OR_RETURN(const NodeRecord record, Known(role, call));
  return Admitted{record.identity, role.certificate_expires};
}

absl::Status NodeGate::Revoke(const NodeName& node, const Call& call) {
  const std::scoped_lock lock(records_);
  ASSIGN_OR_RETURN(std::optional<NodeRecord> record, nodes_.Find(node, call));
  if (!record) return absl::NotFoundError("no such node: " + node.text);
  record->revoked = true;
  return nodes_.Put(*record, call);
}

}  // namespace innkeeper
