#include "coordinator/pki/roles.h"

#include <optional>
#include <utility>

#include "base/certificate_flaw.h"
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

// Why a certificate that names nobody of ours is refused: that somebody else signed it says more
// than what is written in it.
absl::Status Nameless(const std::string& pem, Issuers& issuers, absl::Time now,
                      const std::string& why) {
  std::string bundle;
  for (const Authority authority : kAuthorities) bundle += issuers.Bundle(authority);
  const absl::Status signature = VerifyClient(pem, bundle, now);
  return signature.ok() ? RefusedCertificate(CertificateFlaw::kWrongRole, why) : signature;
}

}  // namespace

absl::StatusOr<PeerRole> RoleOf(const std::string& pem, Issuers& issuers, absl::Time now) {
  if (pem.empty()) return RefusedCertificate(CertificateFlaw::kMissing, "no certificate");
  absl::StatusOr<CertificateFacts> facts = ReadCertificate(pem);
  if (!facts.ok()) return RefusedCertificate(CertificateFlaw::kUnreadable, "not a certificate");
  if (facts->uris.size() != 1)
    return Nameless(pem, issuers, now, "certificate without exactly one URI");
  PeerRole role{.who = {}, .serial = facts->serial, .certificate_expires = facts->not_after};
  Authority authority;
  if (auto agent = ParseAgent(facts->uris[0], issuers.cluster())) {
    role.who = *std::move(agent);
    authority = Authority::kAgents;
  } else if (auto person = ParseOperator(facts->uris[0], issuers.cluster())) {
    role.who = *std::move(person);
    authority = Authority::kOperators;
  } else {
    return Nameless(pem, issuers, now, "certificate names nobody of this cluster");
  }
  RETURN_IF_ERROR(VerifyClient(pem, issuers.Bundle(authority), now));
  return role;
}

}  // namespace innkeeper
