#include "coordinator/admin/token_routes.h"

#include "base/http_server/proto_json.h"
#include "innkeeper/admin/v1/admin.pb.h"
#include "proto/time.h"

namespace innkeeper {
namespace {

using Reply = absl::StatusOr<HttpServerReply>;
using Trace = AdminGate::Trace;

constexpr absl::Duration kOperatorLife = absl::Hours(24 * 365);

admin::v1::Token ShowToken(const JoinToken& token) {
  admin::v1::Token shown;
  shown.set_id(token.id);
  shown.set_namespace_(token.space);
  shown.set_node(token.node);
  shown.set_uses_left(static_cast<int32_t>(token.uses_left));
  *shown.mutable_expires() = ToProtoTime(token.expires);
  return shown;
}

Reply Create(JoinTokens& tokens, const HttpServerRequest& request, const Call& call) {
  admin::v1::CreateTokenRequest wish;
  RETURN_IF_ERROR(ParseJsonBody(request.body, &wish));
  JoinTokens::Wish asked{.space = wish.namespace_(), .node = wish.node()};
  if (wish.uses() != 0) asked.uses = wish.uses();
  if (wish.has_valid()) asked.valid = FromProtoDuration(wish.valid());
  ASSIGN_OR_RETURN(const JoinTokens::Created created, tokens.Create(asked, call));
  admin::v1::Token shown = ShowToken(created.token);
  shown.set_token(std::string(created.text.Reveal()));
  return JsonReply(shown);
}

Reply List(JoinTokens& tokens, const Call& call) {
  ASSIGN_OR_RETURN(const std::vector<JoinToken> all, tokens.List(call));
  admin::v1::ListTokensResponse response;
  for (const JoinToken& token : all) *response.add_tokens() = ShowToken(token);
  return JsonReply(response);
}

}  // namespace

void RouteTokens(HttpServer& server, AdminGate& gate, JoinTokens& tokens) {
  server.Route("POST", "/v1/tokens",
               gate.Guard("token.create", Trace::kAudited,
                          [&tokens](const HttpServerRequest& request, const Caller&,
                                    const Call& call) { return Create(tokens, request, call); }));
  server.Route("GET", "/v1/tokens",
               gate.Guard("token.list", Trace::kPlain,
                          [&tokens](const auto&, const Caller&, const Call& call) {
                            return List(tokens, call);
                          }));
  server.Route("DELETE", "/v1/tokens/{id}",
               gate.Guard("token.revoke", Trace::kAudited,
                          [&tokens](const HttpServerRequest& request, const Caller&,
                                    const Call& call) -> Reply {
                            RETURN_IF_ERROR(tokens.Revoke(request.captured.at("id"), call));
                            return HttpServerReply{.body = "{}"};
                          }));
}

void RouteOperators(HttpServer& server, AdminGate& gate, Issuers& issuers) {
  server.Route(
      "POST", "/v1/operators",
      gate.Guard("operator.issue", Trace::kAudited,
                 [&issuers](const HttpServerRequest& request, const Caller&, const Call&) -> Reply {
                   admin::v1::IssueOperatorRequest wish;
                   RETURN_IF_ERROR(ParseJsonBody(request.body, &wish));
                   ASSIGN_OR_RETURN(const KeyPair pair,
                                    issuers.IssueOperator(wish.name(), wish.csr(), kOperatorLife));
                   admin::v1::IssueOperatorResponse response;
                   response.set_certificate(pair.chain);
                   response.set_key(std::string(pair.key.Reveal()));
                   response.set_ca(issuers.Bundle(Authority::kCoordinator));
                   return JsonReply(response);
                 }));
}

}  // namespace innkeeper
