#pragma once
// How a node gets its certificate: once by a join token, then again and again by the certificate it
// has.

#include <mutex>
#include <string>

#include "absl/time/time.h"
#include "base/call.h"
#include "base/clock.h"
#include "base/secret.h"
#include "base/status.h"
#include "coordinator/guests/node_reports.h"
#include "coordinator/pki/issuers.h"
#include "coordinator/pki/rate_limit.h"
#include "coordinator/pki/roles.h"
#include "coordinator/pki/tokens.h"

namespace innkeeper {

struct IssuedAgent {
  NodeIdentity node;
  std::string certificate;     // chain, PEM
  std::string coordinator_ca;  // PEM bundle
};

// Thread-safe; blocks on vault and node store.
class NodeGate {
 public:
  struct Options {
    absl::Duration life = absl::Hours(24 * 90);  // of an agent's certificate
    RateLimit::Limits join_rate;                 // per address
  };
  // All outlive the gate.
  NodeGate(Issuers& issuers, JoinTokens& tokens, NodeStore& nodes, const Clock& clock,
           Options options)
      : issuers_(issuers),
        tokens_(tokens),
        nodes_(nodes),
        clock_(clock),
        options_(options),
        joins_(options.join_rate, clock) {}

  struct JoinWish {
    Secret token;
    std::string node;     // a DNS label
    std::string request;  // PKCS#10, PEM
    std::string address;  // of the peer
  };
  // A certificate, and the node on record. RESOURCE_EXHAUSTED: too many tries from there.
  // UNAUTHENTICATED: the token, for whatever reason. After a valid token: INVALID_ARGUMENT name or
  // request; ALREADY_EXISTS: a node has that name and the token was not made for it.
  // A use of the token is spent only when a certificate could be made.
  absl::StatusOr<IssuedAgent> Join(JoinWish wish, const Call& call);

  // A new certificate for the node that `peer` (PEM, verified again here) speaks for.
  // PERMISSION_DENIED: not an agent's, revoked or forgotten. INVALID_ARGUMENT: the request.
  absl::StatusOr<IssuedAgent> Renew(const std::string& peer, const std::string& request,
                                    const Call& call);

  // Whom an agent's stream speaks for; as Renew checks it.
  struct Admitted {
    NodeIdentity node;
    absl::Time certificate_expires;
  };
  absl::StatusOr<Admitted> Admit(const std::string& peer, const Call& call);

  // Renewals and streams of that node are refused from now on. NOT_FOUND. Ending a stream that is
  // open is the caller's.
  absl::Status Revoke(const NodeName& node, const Call& call);

 private:
  absl::StatusOr<NodeRecord> Known(const PeerRole& role, const Call& call);
  absl::Status CheckNameIsFree(const JoinToken& token, const NodeName& node, const Call& call);
  absl::StatusOr<IssuedAgent> HandOver(NodeRecord record, std::string certificate,
                                       const Call& call);
  absl::StatusOr<IssuedAgent> JoinByToken(const JoinWish& wish, const JoinToken& token,
                                          const Call& call);

  Issuers& issuers_;
  JoinTokens& tokens_;
  NodeStore& nodes_;
  const Clock& clock_;
  const Options options_;
  RateLimit joins_;
  // Held from reading a node's record to writing it, so that a renewal cannot undo a revocation.
  std::mutex records_;
};

}  // namespace innkeeper
