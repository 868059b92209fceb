#pragma once
// The authorities as the admin API shows and replaces them.

#include <functional>
#include <string>
#include <vector>

#include "coordinator/admin/admin_gate.h"
#include "coordinator/pki/issuers.h"

namespace innkeeper {

struct AuthorityServices {
  Issuers& issuers;
  // NodeDirectory::Unaware: who would be cut off by this authority of the coordinator.
  std::function<absl::StatusOr<std::vector<std::string>>(const std::string& sha256, const Call&)>
      unaware;
};

// GET /v1/authorities, POST /v1/authorities/{name}:prepare and :promote. Services outlive the
// server.
void RouteAuthorities(HttpServer& server, AdminGate& gate, AuthorityServices services);

}  // namespace innkeeper
