#include "coordinator/admin/admin_gate.h"

#include <utility>

#include "base/http_server/proto_json.h"

namespace innkeeper {
namespace {

// "lab/web" of the captured parts, in the order of the path.
std::string ObjectOf(const HttpServerRequest& request) {
  std::string object;
  for (const char* part : {"namespace", "name", "id"}) {
    const auto place = request.captured.find(part);
    if (place == request.captured.end()) continue;
    object += (object.empty() ? "" : "/") + place->second;
  }
  return object;
}

}  // namespace

absl::StatusOr<Caller> AdminGate::Identify(const HttpPeer& peer) const {
  if (peer.uid) return Caller{"uid " + std::to_string(*peer.uid), peer.address};
  if (peer.certificate.empty()) {
    return absl::UnauthenticatedError("a client certificate of an operator is needed");
  }
  ASSIGN_OR_RETURN(const std::string name, operator_of_(peer.certificate));
  return Caller{"operator " + name, peer.address};
}

// A refusal is always told: somebody tries a door that is not theirs.
void AdminGate::Refuse(const HttpServerRequest& request, const std::string& action,
                       const absl::Status& why) {
  const bool shown = !request.peer.certificate.empty();
  const CertificateFlaw flaw = shown ? FlawOf(why) : CertificateFlaw::kMissing;
  // A token says nothing here, but whoever sends one should be told of.
  const bool token = request.headers.contains("authorization");
  refusals_.Certificate(
      Listener::kApi, flaw,
      {DescribeCertificate(request.peer.certificate) + (token ? ", a bearer token" : ""),
       request.peer.address, action, ObjectOf(request), why});
}

HttpHandler AdminGate::Guard(const std::string& action, Trace trace, Handler handler) {
  return [this, action, trace, handler = std::move(handler)](const HttpServerRequest& request,
                                                             const Call& call) {
    const absl::StatusOr<Caller> caller = Identify(request.peer);
    if (!caller.ok()) {
      Refuse(request, action, caller.status());
      return ErrorReply(caller.status());
    }
    absl::StatusOr<HttpServerReply> reply = handler(request, *caller, call);
    if (trace == Trace::kAudited) {
      audit_.Write({caller->name, caller->address, action, ObjectOf(request), reply.status()});
    }
    return reply.ok() ? *std::move(reply) : ErrorReply(reply.status());
  };
}

}  // namespace innkeeper
