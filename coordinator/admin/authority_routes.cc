#include "coordinator/admin/authority_routes.h"

#include <memory>
#include <utility>

#include "absl/strings/str_join.h"
#include "base/http_server/proto_json.h"
#include "innkeeper/admin/v1/admin.pb.h"
#include "proto/time.h"

namespace innkeeper {
namespace {

using Shared = std::shared_ptr<const AuthorityServices>;
using Reply = absl::StatusOr<HttpServerReply>;
using Trace = AdminGate::Trace;

constexpr size_t kMostNamed = 10;  // nodes in a message for people; the list has them all

admin::v1::AuthorityCertificate ShowCertificate(const CertificateFacts& facts) {
  admin::v1::AuthorityCertificate shown;
  *shown.mutable_not_before() = ToProtoTime(facts.not_before);
  *shown.mutable_expires() = ToProtoTime(facts.not_after);
  shown.set_sha256(facts.spki_sha256);
  return shown;
}

absl::StatusOr<admin::v1::Authority> Show(const AuthorityServices& services, Authority authority,
                                          const Call& call) {
  ASSIGN_OR_RETURN(const Issuers::View view, services.issuers.Show(authority));
  admin::v1::Authority shown;
  shown.set_name(NameOf(authority));
  shown.set_bundle(services.issuers.Bundle(authority));
  *shown.mutable_signing() = ShowCertificate(view.signing);
  if (view.next) *shown.mutable_next() = ShowCertificate(*view.next);
  for (const CertificateFacts& old : view.previous) *shown.add_previous() = ShowCertificate(old);
  if (authority == Authority::kCoordinator && view.next) {
    ASSIGN_OR_RETURN(const std::vector<std::string> nodes,
                     services.unaware(view.next->spki_sha256, call));
    for (const std::string& node : nodes) shown.add_unaware_nodes(node);
  }
  return shown;
}

absl::StatusOr<Authority> Named(const HttpServerRequest& request) {
  const std::string& name = request.captured.at("name");
  const std::optional<Authority> authority = AuthorityNamed(name);
  if (authority) return *authority;
  return absl::NotFoundError("no authority '" + name + "': agents, coordinator or operators");
}

absl::Status RefusePromotion(const admin::v1::Authority& shown) {
  const int unaware = shown.unaware_nodes_size();
  std::vector<std::string> named(shown.unaware_nodes().begin(), shown.unaware_nodes().end());
  if (named.size() > kMostNamed) named.resize(kMostNamed);
  return absl::FailedPreconditionError(
      "cut off would be " + absl::StrJoin(named, ", ") +
      (unaware > static_cast<int>(kMostNamed) ? ", .." : "") +
      ": wait until they have renewed their certificates, forget them, or force it");
}

Reply List(const AuthorityServices& services, const Call& call) {
  admin::v1::ListAuthoritiesResponse response;
  for (const Authority authority : kAuthorities) {
    ASSIGN_OR_RETURN(*response.add_authorities(), Show(services, authority, call));
  }
  return JsonReply(response);
}

Reply Prepare(const AuthorityServices& services, const HttpServerRequest& request,
              const Call& call) {
  ASSIGN_OR_RETURN(const Authority authority, Named(request));
  RETURN_IF_ERROR(services.issuers.PrepareNext(authority, call));
  ASSIGN_OR_RETURN(const admin::v1::Authority shown, Show(services, authority, call));
  return JsonReply(shown);
}

Reply Promote(const AuthorityServices& services, const HttpServerRequest& request,
              const Call& call) {
  admin::v1::PromoteAuthorityRequest wish;
  if (!request.body.empty()) RETURN_IF_ERROR(ParseJsonBody(request.body, &wish));
  ASSIGN_OR_RETURN(const Authority authority, Named(request));
  ASSIGN_OR_RETURN(const admin::v1::Authority before, Show(services, authority, call));
  if (before.unaware_nodes_size() > 0 && !wish.force()) return RefusePromotion(before);
  RETURN_IF_ERROR(services.issuers.Promote(authority, call));
  ASSIGN_OR_RETURN(const admin::v1::Authority shown, Show(services, authority, call));
  return JsonReply(shown);
}

}  // namespace

void RouteAuthorities(HttpServer& server, AdminGate& gate, AuthorityServices services) {
  const auto shared = std::make_shared<const AuthorityServices>(std::move(services));
  server.Route("GET", "/v1/authorities",
               gate.Guard("authority.list", Trace::kPlain,
                          [shared](const auto&, const Caller&, const Call& call) {
                            return List(*shared, call);
                          }));
  const auto verb = [&](const char* name, auto act) {
    server.Route(
        "POST", std::string("/v1/authorities/{name}:") + name,
        gate.Guard(std::string("authority.") + name, Trace::kAudited,
                   [shared, act](const HttpServerRequest& request, const Caller&,
                                 const Call& call) { return act(*shared, request, call); }));
  };
  verb("prepare", Prepare);
  verb("promote", Promote);
}

}  // namespace innkeeper
