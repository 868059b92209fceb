#include "coordinator/pki/join_routes.h"

#include <utility>

#include "base/http_server/proto_json.h"
#include "google/protobuf/util/json_util.h"
#include "innkeeper/admin/v1/admin.pb.h"

namespace innkeeper {
namespace {

constexpr size_t kBodyCap = 32 * 1024;  // a request of at most 16 KiB, escaped, and names

// Unlike bodies that people type, an agent's may hold fields that this version does not know yet.
template <class Message>
absl::StatusOr<Message> Parse(const std::string& body) {
  if (body.size() > kBodyCap) return absl::InvalidArgumentError("body too long");
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  Message message;
  if (!google::protobuf::util::JsonStringToMessage(body, &message, options).ok())
    return absl::InvalidArgumentError("body is not the JSON of the request");
  return message;
}

class JoinRoutes {
 public:
  JoinRoutes(NodeGate& gate, JoinAnswers answers) : gate_(gate), answers_(std::move(answers)) {}

  HttpServerReply Join(const HttpServerRequest& request, const Call& call) {
    absl::StatusOr<admin::v1::JoinRequest> asked = Parse<admin::v1::JoinRequest>(request.body);
    if (!asked.ok()) return ErrorReply(asked.status());
    const absl::StatusOr<IssuedAgent> issued =
        gate_.Join({.token = Secret(std::move(*asked->mutable_token())),
                    .node = asked->node(),
                    .request = asked->csr(),
                    .address = request.peer.address},
                   call);
    Audit("join", asked->node(), request.peer.address, issued.status());
    if (!issued.ok()) return ErrorReply(issued.status());
    admin::v1::JoinResponse response;
    response.set_certificate(issued->certificate);
    response.set_ca(issued->coordinator_ca);
    response.set_node(issued->node.node.text);
    response.set_namespace_(issued->node.space);
    response.set_cluster(answers_.cluster.text);
    response.set_agent_endpoint(answers_.agent_endpoint);
    return JsonReply(response);
  }

  HttpServerReply Renew(const HttpServerRequest& request, const Call& call) {
    const absl::StatusOr<admin::v1::RenewRequest> asked =
        Parse<admin::v1::RenewRequest>(request.body);
    if (!asked.ok()) return ErrorReply(asked.status());
    const absl::StatusOr<IssuedAgent> issued =
        gate_.Renew(request.peer.certificate, asked->csr(), call);
    Audit("renew", issued.ok() ? issued->node.node.text : "", request.peer.address,
          issued.status());
    if (!issued.ok()) return ErrorReply(issued.status());
    admin::v1::RenewResponse response;
    response.set_certificate(issued->certificate);
    response.set_ca(issued->coordinator_ca);
    return JsonReply(response);
  }

 private:
  void Audit(const std::string& action, const std::string& who, const std::string& address,
             const absl::Status& outcome) const {
    if (answers_.audit) answers_.audit(action, who, address, outcome);
  }

  NodeGate& gate_;
  const JoinAnswers answers_;
};

}  // namespace

void RouteJoin(HttpServer& server, NodeGate& gate, JoinAnswers answers) {
  auto routes = std::make_shared<JoinRoutes>(gate, std::move(answers));
  server.Route("POST", "/v1/agents:join",
               [routes](const HttpServerRequest& r, const Call& c) { return routes->Join(r, c); });
  server.Route("POST", "/v1/agents:renew",
               [routes](const HttpServerRequest& r, const Call& c) { return routes->Renew(r, c); });
}

}  // namespace innkeeper
