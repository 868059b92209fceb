#pragma once
// Who a client certificate speaks for. The authority that signed it and the URI in it must agree:
// an agents' certificate that named an operator would still be refused, and the other way round.

#include <string>
#include <variant>

#include "absl/time/time.h"
#include "base/status.h"
#include "coordinator/pki/issuers.h"

namespace innkeeper {

struct AgentRole {
  NodeIdentity node;
};
struct OperatorRole {
  std::string name;
};
struct PeerRole {
  std::variant<AgentRole, OperatorRole> who;
  std::string serial;  // lower-case hexadecimal
  absl::Time certificate_expires;

  const AgentRole* agent() const { return std::get_if<AgentRole>(&who); }
  const OperatorRole* person() const { return std::get_if<OperatorRole>(&who); }
};

// The role of the first certificate in `pem`, verified here whatever the listener checked:
// authority, client usage, time at `now`, exactly one URI, of this cluster. PERMISSION_DENIED for
// anything else, with a reason for the log. Pure computation (one signature check, about 0.1 ms);
// any thread.
absl::StatusOr<PeerRole> RoleOf(const std::string& pem, Issuers& issuers, absl::Time now);

}  // namespace innkeeper
