#include "coordinator/pki/join_routes.h"

#include <utility>

#include "google/protobuf/util/json_util.h"
#include "innkeeper/admin/v1/admin.pb.h"
#include "nlohmann/json.hpp"

namespace innkeeper {
namespace {

constexpr size_t kBodyCap = 32 * 1024;  // a request of at most 16 KiB, escaped, and names

int HttpStatusOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kAlreadyExists:
      return 409;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kUnavailable:
      return 503;
    default:
      return 500;
  }
}

HttpServerReply Failure(const absl::Status& status) {
  HttpServerReply reply;
  reply.status = HttpStatusOf(status);
  // What went wrong inside is for our own log only.
  const std::string message = reply.status == 500 ? "internal error" : std::string(status.message());
  reply.body = nlohmann::json{{"error",
                               {{"code", absl::StatusCodeToString(status.code())},
                                {"message", message}}}}
                   .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return reply;
}

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

HttpServerReply Answer(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  HttpServerReply reply;
  if (!google::protobuf::util::MessageToJsonString(message, &reply.body, options).ok())
    return Failure(absl::InternalError("encode answer"));
  return reply;
}

class JoinRoutes {
 public:
  JoinRoutes(NodeGate& gate, JoinAnswers answers) : gate_(gate), answers_(std::move(answers)) {}

  HttpServerReply Join(const HttpServerRequest& request, const Call& call) {
    absl::StatusOr<admin::v1::JoinRequest> asked = Parse<admin::v1::JoinRequest>(request.body);
    if (!asked.ok()) return Failure(asked.status());
    const absl::StatusOr<IssuedAgent> issued =
        gate_.Join({.token = Secret(std::move(*asked->mutable_token())),
                    .node = asked->node(),
                    .request = asked->csr(),
                    .address = request.peer.address},
                   call);
    Audit("join", asked->node(), request.peer.address, issued.status());
    if (!issued.ok()) return Failure(issued.status());
    admin::v1::JoinResponse response;
    response.set_certificate(issued->certificate);
    response.set_ca(issued->coordinator_ca);
    response.set_node(issued->node.node.text);
    response.set_namespace_(issued->node.space);
    response.set_cluster(answers_.cluster.text);
    response.set_agent_endpoint(answers_.agent_endpoint);
    return Answer(response);
  }

  HttpServerReply Renew(const HttpServerRequest& request, const Call& call) {
    const absl::StatusOr<admin::v1::RenewRequest> asked =
        Parse<admin::v1::RenewRequest>(request.body);
    if (!asked.ok()) return Failure(asked.status());
    const absl::StatusOr<IssuedAgent> issued =
        gate_.Renew(request.peer.certificate, asked->csr(), call);
    Audit("renew", issued.ok() ? issued->node.node.text : "", request.peer.address,
          issued.status());
    if (!issued.ok()) return Failure(issued.status());
    admin::v1::RenewResponse response;
    response.set_certificate(issued->certificate);
    response.set_ca(issued->coordinator_ca);
    return Answer(response);
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
  server.Route("POST", "/v1/agents:join", [routes](const HttpServerRequest& r, const Call& c) {
    return routes->Join(r, c);
  });
  server.Route("POST", "/v1/agents:renew", [routes](const HttpServerRequest& r, const Call& c) {
    return routes->Renew(r, c);
  });
}

}  // namespace innkeeper
