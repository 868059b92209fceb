#pragma once
// The two paths agents use on the HTTPS port: POST /v1/agents:join and POST /v1/agents:renew
// (messages JoinRequest and RenewRequest of innkeeper.admin.v1, as JSON).

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "base/http_server/http_server.h"
#include "coordinator/pki/join.h"

namespace innkeeper {

struct JoinAnswers {
  ClusterId cluster;
  std::string agent_endpoint;  // host:port of the gRPC port, as agents reach it
  // Called for each try, granted or not; quick. `who`: the node as asked for or as proven.
  std::function<void(const std::string& action, const std::string& who, const std::string& address,
                     const absl::Status& outcome)>
      audit;
};

// The gate outlives the server.
void RouteJoin(HttpServer& server, NodeGate& gate, JoinAnswers answers);

}  // namespace innkeeper
