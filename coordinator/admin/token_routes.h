#pragma once

#include "coordinator/admin/admin_gate.h"
#include "coordinator/pki/issuers.h"
#include "coordinator/pki/tokens.h"

namespace innkeeper {

// POST and GET /v1/tokens, DELETE /v1/tokens/{id}; POST /v1/operators. Services outlive the server.
void RouteTokens(HttpServer& server, AdminGate& gate, JoinTokens& tokens);
void RouteOperators(HttpServer& server, AdminGate& gate, Issuers& issuers);

}  // namespace innkeeper
