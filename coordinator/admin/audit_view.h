#pragma once

#include "coordinator/guests/audit.h"
#include "innkeeper/admin/v1/admin.pb.h"

namespace innkeeper {

// The orphan audit's report as the admin API shows it. Pure.
admin::v1::AuditResponse ShowAudit(const AuditReport& report);
// Runs it, or adopts, and shows what came of it. Errors and blocking are the audit's.
absl::StatusOr<admin::v1::AuditResponse> Ask(Audit& audit, bool adopt, const Call& call);

}  // namespace innkeeper
