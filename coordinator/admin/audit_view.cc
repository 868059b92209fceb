#include "coordinator/admin/audit_view.h"

namespace innkeeper {

admin::v1::AuditResponse ShowAudit(const AuditReport& report) {
  admin::v1::AuditResponse response;
  response.set_hosts_seen(static_cast<int32_t>(report.hosts_seen));
  response.set_guests_seen(static_cast<int32_t>(report.guests_seen));
  for (const Finding& finding : report.findings) {
    admin::v1::AuditResponse::Finding& shown = *response.add_findings();
    shown.set_kind(NameOf(finding.kind));
    shown.set_fqdn(finding.fqdn.text);
    if (!finding.guest.name.empty()) shown.set_guest(finding.guest.Text());
    shown.set_detail(finding.detail);
    shown.set_action(finding.adoptable ? "adopt" : "nothing");
  }
  return response;
}

absl::StatusOr<admin::v1::AuditResponse> Ask(Audit& audit, bool adopt, const Call& call) {
  ASSIGN_OR_RETURN(const AuditReport report, adopt ? audit.Adopt(call) : audit.Run(call));
  return ShowAudit(report);
}

}  // namespace innkeeper
