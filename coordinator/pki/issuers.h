#pragma once
// The three authorities inside the coordinator: for agents, for the coordinator itself, for
// operators. They are apart so that a certificate of one kind can never pass as another: an agent
// cannot act as coordinator even if every other check were forgotten. Keys live in the vault under
// ca/<name>.
//
// Rotation of an authority: PrepareNext makes the next one and puts it into the bundle; once every
// peer has fetched the bundle, Promote signs with it and keeps the old one trusted.

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "base/call.h"
#include "base/clock.h"
#include "base/guarded.h"
#include "base/status.h"
#include "base/tls.h"
#include "coordinator/guests/home.h"
#include "coordinator/guests/ids.h"
#include "coordinator/guests/node_reports.h"

namespace innkeeper {

enum class Authority { kAgents, kCoordinator, kOperators };
inline constexpr std::array kAuthorities{Authority::kAgents, Authority::kCoordinator,
                                         Authority::kOperators};

// innkeeper://<cluster>/node/<namespace>/<node> and innkeeper://<cluster>/operator/<name>: who a
// certificate names, in its only URI.
std::string AgentUri(const ClusterId& cluster, const NodeIdentity& node);
std::string OperatorUri(const ClusterId& cluster, const std::string& name);

// agents, coordinator, operators: in the vault, the API and on the command line.
const char* NameOf(Authority authority);
std::optional<Authority> AuthorityNamed(const std::string& name);

// A name that may stand in such a URI: 1 to 63 of [a-z0-9.-], a letter or digit first and last.
bool IsUriName(const std::string& name);

// Thread-safe. Issuing never blocks; what takes a Call waits for the vault.
class Issuers {
 public:
  // Reads the authorities, making those that are not there yet. Two coordinators that start at once
  // end with the same ones. DATA_LOSS: an entry cannot be read: nothing is made in its place.
  static absl::StatusOr<std::unique_ptr<Issuers>> Open(Vault& vault, ClusterId cluster,
                                                       const Clock& clock, const Call& call);

  // A client certificate for the request's key, PEM (leaf and authority). INVALID_ARGUMENT: the
  // request, or a name that IsUriName refuses.
  absl::StatusOr<std::string> IssueAgent(const NodeIdentity& node, const std::string& request,
                                         absl::Duration life);
  // As above for a person or a script; the key is made here when `request` is empty.
  absl::StatusOr<KeyPair> IssueOperator(const std::string& name, const std::string& request,
                                        absl::Duration life);
  // A server certificate with a fresh key. `names`: DNS names and IP addresses; at least one. The
  // chain ends in the authority, so that a joining agent finds the one its token names.
  absl::StatusOr<KeyPair> IssueServing(const std::vector<std::string>& names, absl::Duration life);

  // PEM of every authority of that name that is to be trusted: the signing one first.
  std::string Bundle(Authority authority);
  // What a peer that is given the bundle knows from then on.
  struct Trust {
    std::string bundle;         // PEM
    std::string newest_sha256;  // of the prepared one's public key, else of the signing one's
  };
  absl::StatusOr<Trust> TrustOf(Authority authority);
  // PEM of the signing one alone.
  std::string Signing(Authority authority);
  // Of the signing one; what a join token carries for the coordinator's.
  absl::StatusOr<std::string> SpkiSha256(Authority authority);
  // For people. `previous`: newest first, expired ones too.
  struct View {
    CertificateFacts signing;
    std::optional<CertificateFacts> next;
    std::vector<CertificateFacts> previous;
  };
  absl::StatusOr<View> Show(Authority authority);
  const ClusterId& cluster() const { return cluster_; }

  // ALREADY_EXISTS: one is prepared. FAILED_PRECONDITION: none is. ABORTED: somebody else did.
  absl::Status PrepareNext(Authority authority, const Call& call);
  absl::Status Promote(Authority authority, const Call& call);
  // Called after each change of an authority; quick. Set it before other threads use this.
  void OnChange(std::function<void()> changed) { changed_ = std::move(changed); }

 private:
  struct Entry {
    KeyPair current;
    std::optional<KeyPair> next;
    std::string previous;  // certificates that stay trusted, PEM
    int64_t version = 0;
  };
  using Entries = std::array<Entry, kAuthorities.size()>;

  Issuers(Vault& vault, ClusterId cluster, const Clock& clock)
      : vault_(vault), cluster_(std::move(cluster)), clock_(clock) {}
  absl::StatusOr<Entry> ReadOrMake(Authority authority, const Call& call);
  absl::StatusOr<KeyPair> MakeOne(Authority authority) const;
  absl::Status Store(Authority authority, Entry entry, const Call& call);
  Entry CopyOf(Authority authority);
  static absl::StatusOr<Entry> Decode(const VaultEntry& stored);
  static Secret Encode(const Entry& entry);

  Vault& vault_;
  const ClusterId cluster_;
  const Clock& clock_;
  std::function<void()> changed_;
  Guarded<Entries> entries_;
};

// PEM of whoever may vouch for a client of the HTTPS port: an agent or an operator.
std::string ClientBundle(Issuers& issuers);

}  // namespace innkeeper
