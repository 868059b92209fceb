#pragma once
// Who may use the admin API, and the trace each use leaves. On the unix socket the file's owner and
// group decide who can connect; the peer's uid goes into the audit log. On the HTTPS port only an
// operator's certificate counts; an agent's, or none, is refused.

#include <functional>
#include <string>

#include "base/http_server/http_server.h"
#include "coordinator/admin/audit_log.h"
#include "coordinator/admin/refusal_log.h"

namespace innkeeper {

struct Caller {
  std::string name;  // "uid 0", "operator anna"
  std::string address;
};

class AdminGate {
 public:
  // The name in an operator's certificate (PEM, verified by the channel); PERMISSION_DENIED for
  // others.
  using OperatorOf = std::function<absl::StatusOr<std::string>(const std::string& certificate)>;
  AdminGate(AuditLog& audit, RefusalLog& refusals, OperatorOf operator_of)
      : audit_(audit), refusals_(refusals), operator_of_(std::move(operator_of)) {}

  // What a guarded handler returns; the object (for the audit log) is what it acted on.
  using Handler = std::function<absl::StatusOr<HttpServerReply>(const HttpServerRequest&,
                                                                const Caller&, const Call&)>;
  enum class Trace { kAudited, kPlain };  // plain: lists of what anybody with access may see
  // Identifies the caller, runs the handler, turns its error into a reply, writes the audit line.
  HttpHandler Guard(const std::string& action, Trace trace, Handler handler);

 private:
  absl::StatusOr<Caller> Identify(const HttpPeer& peer) const;
  void Refuse(const HttpServerRequest& request, const std::string& action, const absl::Status& why);
  AuditLog& audit_;
  RefusalLog& refusals_;
  const OperatorOf operator_of_;
};

}  // namespace innkeeper
