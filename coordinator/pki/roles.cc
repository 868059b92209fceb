#include "coordinator/pki/roles.h"

#include <optional>
#include <utility>

#include "coordinator/pki/certificates.h"

namespace innkeeper {
namespace {

std::optional<std::string> After(const std::string& text, const std::string& prefix) {
  if (text.rfind(prefix, 0) != 0) return std::nullopt;
  return text.substr(prefix.size());
}

std::optional<AgentRole> ParseAgent(const std::string& uri, const ClusterId& cluster) {
  const auto rest = After(uri, "innkeeper://" + cluster.text + "/node/");
  const size_t slash = rest ? rest->find('/') : std::string::npos;
  if (slash == std::string::npos) return std::nullopt;
  AgentRole role{{.node = {rest->substr(slash + 1)}, .space = rest->substr(0, slash)}};
  if (!IsUriName(role.node.node.text) || !IsUriName(role.node.space)) return std::nullopt;
  return role;
}

std::optional<OperatorRole> ParseOperator(const std::string& uri, const ClusterId& cluster) {
  const auto name = After(uri, "innkeeper://" + cluster.text + "/operator/");
  if (!name || !IsUriName(*name)) return std::nullopt;
  return OperatorRole{*name};
}

}  // namespace

absl::StatusOr<PeerRole> RoleOf(const std::string& pem, Issuers& issuers, absl::Time now) {
  absl::StatusOr<CertificateFacts> facts = ReadCertificate(pem);
  if (!facts.ok()) return absl::PermissionDeniedError("no certificate");
  if (facts->uris.size() != 1)
    return absl::PermissionDeniedError("certificate without exactly one URI");
  PeerRole role{.who = {}, .serial = facts->serial, .certificate_expires = facts->not_after};
  Authority authority;
  if (auto agent = ParseAgent(facts->uris[0], issuers.cluster())) {
    role.who = *std::move(agent);
    authority = Authority::kAgents;
  } else if (auto person = ParseOperator(facts->uris[0], issuers.cluster())) {
    role.who = *std::move(person);
    authority = Authority::kOperators;
  } else {
    return absl::PermissionDeniedError("certificate names nobody of this cluster");
  }
  RETURN_IF_ERROR(VerifyClient(pem, issuers.Bundle(authority), now));
  return role;
}

}  // namespace innkeeper
