#include "coordinator/metrics_reference.h"

#include <prometheus/registry.h>

#include "base/metrics.h"
#include "coordinator/admin/audit_log.h"
#include "coordinator/admin/refusal_log.h"
#include "coordinator/admission/admission_metrics.h"
#include "coordinator/fleet/fleet_metrics.h"
#include "coordinator/guests/guest_metrics.h"
#include "coordinator/home/kube/webhook_trust.h"
#include "coordinator/ipa/ipa_metrics.h"

namespace innkeeper {

std::string CoordinatorMetricsReference() {
  prometheus::Registry registry;
  RegisterProcessMetrics(registry, "coordinator");
  const FleetMetrics fleet(registry);
  const GuestMetrics guests(registry);
  const AdmissionMetrics admission(registry);
  WebhookTrust::RegisterIn(registry);
  const IpaMetrics ipa(registry);
  const absl::StatusOr<std::unique_ptr<AuditLog>> nowhere = AuditLog::Open("");
  if (!nowhere.ok()) return "";
  const RefusalLog refusals(**nowhere, registry, {});
  return MetricsReference(registry);
}

}  // namespace innkeeper
