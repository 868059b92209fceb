#include "coordinator/pki/issuers.h"

#include <algorithm>
#include <utility>

#include "coordinator/pki/certificates.h"
#include "nlohmann/json.hpp"

namespace innkeeper {
namespace {

constexpr absl::Duration kAuthorityLife = absl::Hours(24 * 3650);
// Certificates begin this much in the past, for peers whose clock is behind.
constexpr absl::Duration kBackdate = absl::Minutes(5);
constexpr size_t kNameCap = 63;  // a DNS label, the stricter of the two uses

std::string VaultName(Authority authority) { return std::string("ca/") + NameOf(authority); }

LeafSpec ClientLeaf(const std::string& name, std::string uri, absl::Time now, absl::Duration life) {
  return {.common_name = name,
          .uris = {std::move(uri)},
          .names = {},
          .usage = LeafUsage::kClient,
          .from = now - kBackdate,
          .until = now + life};
}

nlohmann::json PairJson(const KeyPair& pair) {
  return {{"certificate", pair.chain}, {"key", std::string(pair.key.Reveal())}};
}

absl::StatusOr<KeyPair> PairFromJson(const nlohmann::json& json) {
  const auto certificate = json.find("certificate");
  const auto key = json.find("key");
  if (certificate == json.end() || key == json.end() || !certificate->is_string() ||
      !key->is_string())
    return absl::DataLossError("authority in the vault cannot be read");
  return KeyPair{certificate->get<std::string>(), Secret(key->get<std::string>())};
}

}  // namespace

const char* NameOf(Authority authority) {
  switch (authority) {
    case Authority::kAgents:
      return "agents";
    case Authority::kCoordinator:
      return "coordinator";
    case Authority::kOperators:
      return "operators";
  }
  return "";
}

std::optional<Authority> AuthorityNamed(const std::string& name) {
  for (const Authority authority : kAuthorities) {
    if (name == NameOf(authority)) return authority;
  }
  return std::nullopt;
}

std::string AgentUri(const ClusterId& cluster, const NodeIdentity& node) {
  return "innkeeper://" + cluster.text + "/node/" + node.space + "/" + node.node.text;
}

std::string OperatorUri(const ClusterId& cluster, const std::string& name) {
  return "innkeeper://" + cluster.text + "/operator/" + name;
}

bool IsUriName(const std::string& name) {
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= kNameCap && alphanumeric(name.front()) &&
         alphanumeric(name.back()) && std::all_of(name.begin(), name.end(), [&](char c) {
           return alphanumeric(c) || c == '-' || c == '.';
         });
}

absl::StatusOr<std::unique_ptr<Issuers>> Issuers::Open(Vault& vault, ClusterId cluster,
                                                       const Clock& clock, const Call& call) {
  std::unique_ptr<Issuers> issuers(new Issuers(vault, std::move(cluster), clock));
  for (const Authority authority : kAuthorities) {
    absl::StatusOr<Entry> entry = issuers->ReadOrMake(authority, call);
    if (!entry.ok()) return Annotate(entry.status(), VaultName(authority));
    issuers->entries_.With(
        [&](Entries& e) { e[static_cast<size_t>(authority)] = *std::move(entry); });
  }
  return issuers;
}

absl::StatusOr<Issuers::Entry> Issuers::ReadOrMake(Authority authority, const Call& call) {
  absl::StatusOr<VaultEntry> stored = vault_.Read(VaultName(authority), call);
  if (stored.ok()) return Decode(*stored);
  if (!absl::IsNotFound(stored.status())) return stored.status();
  Entry made;
  ASSIGN_OR_RETURN(made.current, MakeOne(authority));
  const absl::StatusOr<int64_t> version =
      vault_.Write(VaultName(authority), Encode(made), /*version=*/0, call);
  if (version.ok()) {
    made.version = *version;
    return made;
  }
  // Another coordinator was first: its authority is the one.
  ASSIGN_OR_RETURN(const VaultEntry theirs, vault_.Read(VaultName(authority), call));
  return Decode(theirs);
}

absl::StatusOr<KeyPair> Issuers::MakeOne(Authority authority) const {
  const absl::Time now = clock_.Now();
  return MakeAuthority("innkeeper " + std::string(NameOf(authority)) + " " + cluster_.text,
                       now - kBackdate, now + kAuthorityLife);
}

absl::StatusOr<Issuers::Entry> Issuers::Decode(const VaultEntry& stored) {
  const nlohmann::json json =
      nlohmann::json::parse(stored.bytes.Reveal(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("current"))
    return absl::DataLossError("authority in the vault cannot be read");
  Entry entry;
  ASSIGN_OR_RETURN(entry.current, PairFromJson(json["current"]));
  if (const auto next = json.find("next"); next != json.end()) {
    ASSIGN_OR_RETURN(entry.next, PairFromJson(*next));
  }
  if (const auto previous = json.find("previous"); previous != json.end() && previous->is_string())
    entry.previous = previous->get<std::string>();
  entry.version = stored.version;
  return entry;
}

Secret Issuers::Encode(const Entry& entry) {
  nlohmann::json json{{"current", PairJson(entry.current)}, {"previous", entry.previous}};
  if (entry.next) json["next"] = PairJson(*entry.next);
  return Secret(json.dump());
}

Issuers::Entry Issuers::CopyOf(Authority authority) {
  return entries_.With([&](Entries& entries) {
    const Entry& entry = entries[static_cast<size_t>(authority)];
    Entry copy;
    copy.current = entry.current.Copy();
    if (entry.next) copy.next = entry.next->Copy();
    copy.previous = entry.previous;
    copy.version = entry.version;
    return copy;
  });
}

absl::Status Issuers::Store(Authority authority, Entry entry, const Call& call) {
  ASSIGN_OR_RETURN(entry.version,
                   vault_.Write(VaultName(authority), Encode(entry), entry.version, call));
  entries_.With([&](Entries& e) { e[static_cast<size_t>(authority)] = std::move(entry); });
  if (changed_) changed_();
  return absl::OkStatus();
}

absl::StatusOr<std::string> Issuers::IssueAgent(const NodeIdentity& node,
                                                const std::string& request, absl::Duration life) {
  if (!IsUriName(node.node.text) || !IsUriName(node.space))
    return absl::InvalidArgumentError("node or namespace is not a lower-case DNS name");
  const Entry entry = CopyOf(Authority::kAgents);
  const LeafSpec leaf = ClientLeaf(node.node.text, AgentUri(cluster_, node), clock_.Now(), life);
  ASSIGN_OR_RETURN(std::string certificate, SignForRequest(leaf, request, entry.current));
  return certificate + entry.current.chain;
}

absl::StatusOr<KeyPair> Issuers::IssueOperator(const std::string& name, const std::string& request,
                                               absl::Duration life) {
  if (!IsUriName(name)) return absl::InvalidArgumentError("not an operator's name");
  const Entry entry = CopyOf(Authority::kOperators);
  const LeafSpec leaf = ClientLeaf(name, OperatorUri(cluster_, name), clock_.Now(), life);
  KeyPair made;
  if (request.empty()) {
    ASSIGN_OR_RETURN(made.key, MakeKey());
    ASSIGN_OR_RETURN(made.chain, SignForKey(leaf, made.key, entry.current));
  } else {
    ASSIGN_OR_RETURN(made.chain, SignForRequest(leaf, request, entry.current));
  }
  made.chain += entry.current.chain;
  return made;
}

absl::StatusOr<KeyPair> Issuers::IssueServing(const std::vector<std::string>& names,
                                              absl::Duration life) {
  if (names.empty()) return absl::InvalidArgumentError("a server certificate needs a name");
  const Entry entry = CopyOf(Authority::kCoordinator);
  const absl::Time now = clock_.Now();
  const LeafSpec leaf{.common_name = names.front(),
                      .uris = {},
                      .names = names,
                      .usage = LeafUsage::kServer,
                      .from = now - kBackdate,
                      .until = now + life};
  KeyPair made;
  ASSIGN_OR_RETURN(made.key, MakeKey());
  ASSIGN_OR_RETURN(made.chain, SignForKey(leaf, made.key, entry.current));
  made.chain += entry.current.chain;
  return made;
}

std::string ClientBundle(Issuers& issuers) {
  return issuers.Bundle(Authority::kAgents) + issuers.Bundle(Authority::kOperators);
}

std::string Issuers::Bundle(Authority authority) {
  return entries_.With([&](Entries& entries) {
    const Entry& entry = entries[static_cast<size_t>(authority)];
    return entry.current.chain + (entry.next ? entry.next->chain : "") + entry.previous;
  });
}

std::string Issuers::Signing(Authority authority) {
  return entries_.With(
      [&](Entries& entries) { return entries[static_cast<size_t>(authority)].current.chain; });
}

absl::StatusOr<Issuers::Trust> Issuers::TrustOf(Authority authority) {
  const Entry entry = CopyOf(authority);
  const std::string next = entry.next ? entry.next->chain : "";
  ASSIGN_OR_RETURN(const CertificateFacts newest,
                   ReadCertificate(next.empty() ? entry.current.chain : next));
  return Trust{entry.current.chain + next + entry.previous, newest.spki_sha256};
}

absl::StatusOr<Issuers::View> Issuers::Show(Authority authority) {
  const Entry entry = CopyOf(authority);
  View view;
  ASSIGN_OR_RETURN(view.signing, ReadCertificate(entry.current.chain));
  if (entry.next) {
    ASSIGN_OR_RETURN(view.next, ReadCertificate(entry.next->chain));
  }
  constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  for (size_t at = entry.previous.find(kBegin); at != std::string::npos;
       at = entry.previous.find(kBegin, at + 1)) {
    ASSIGN_OR_RETURN(CertificateFacts facts, ReadCertificate(entry.previous.substr(at)));
    view.previous.push_back(std::move(facts));
  }
  return view;
}

absl::StatusOr<std::string> Issuers::SpkiSha256(Authority authority) {
  ASSIGN_OR_RETURN(CertificateFacts facts, ReadCertificate(CopyOf(authority).current.chain));
  return std::move(facts.spki_sha256);
}

absl::Status Issuers::PrepareNext(Authority authority, const Call& call) {
  Entry entry = CopyOf(authority);
  if (entry.next) return absl::AlreadyExistsError("the next authority is prepared already");
  ASSIGN_OR_RETURN(entry.next, MakeOne(authority));
  return Store(authority, std::move(entry), call);
}

absl::Status Issuers::Promote(Authority authority, const Call& call) {
  Entry entry = CopyOf(authority);
  if (!entry.next) return absl::FailedPreconditionError("no next authority is prepared");
  entry.previous = entry.current.chain + entry.previous;
  entry.current = *std::move(entry.next);
  entry.next.reset();
  return Store(authority, std::move(entry), call);
}

}  // namespace innkeeper
