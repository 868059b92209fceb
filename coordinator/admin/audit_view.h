#pragma once

#include "coordinator/guests/audit.h"
#include "innkeeper/admin/v1/admin.pb.h"

namespace innkeeper {

// The orphan audit's report as the admin API shows it. Pure.
admin::v1::AuditResponse ShowAudit(const AuditReport& report);

}  // namespace innkeeper
