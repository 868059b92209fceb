#include "coordinator/home/kube/webhook_trust.h"

#include <utility>

#include "base/log.h"
#include "base/metrics.h"

namespace innkeeper {
namespace {

const KubePath kConfiguration{
    {"admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations"}, "", "innkeeper"};

}  // namespace

WebhookTrust::WebhookTrust(KubeClient& client, const Clock& clock, prometheus::Registry& registry,
                           Sources sources)
    : client_(client), clock_(clock), registry_(registry), sources_(std::move(sources)) {
  Tell({}, {});
}

absl::Status WebhookTrust::Reconcile(const Call& call) {
  const KeyPair served = sources_.served();
  const WebhookWish wish{sources_.ca_bundle(), sources_.asking()};
  const auto trusts = [&](const std::string& bundle) { return Trusts(bundle, served); };
  ASSIGN_OR_RETURN(std::string live, client_.Get(kConfiguration, call));
  ASSIGN_OR_RETURN(WebhookPlan plan, PlanWebhooks(live, wish, trusts));
  if (!plan.patch.empty()) {
    const auto patched = client_.Patch(kConfiguration, KubePatch::kJson, plan.patch, {}, call);
    if (!patched.ok()) {
      Tell(plan.mistrusting, served);
      return patched.status();
    }
    LogInfo("webhook configuration updated");
    ASSIGN_OR_RETURN(plan, PlanWebhooks(*patched, wish, trusts));
  }
  Tell(plan.mistrusting, served);
  return absl::OkStatus();
}

// Without a bundle the API server asks the system's authorities, of which we are none.
bool WebhookTrust::Trusts(const std::string& bundle, const KeyPair& served) const {
  return !bundle.empty() && ValidateKeyPair(served, bundle, clock_.Now()).ok();
}

void WebhookTrust::SetMetrics(prometheus::Registry& registry, double mistrusting, double expiry) {
  SetGauge(
      registry, "innkeeper_webhook_mistrusting_entries",
      "Entries of the webhook configuration whose CA bundle does not vouch for our certificate", {},
      mistrusting);
  SetGauge(registry, "innkeeper_webhook_certificate_expiry_seconds",
           "When the webhook's serving certificate ends, in Unix time; 0: there is none", {},
           expiry);
}

void WebhookTrust::Tell(const std::vector<std::string>& mistrusting, const KeyPair& served) {
  const absl::StatusOr<CertificateFacts> facts = ReadCertificate(served.chain);
  SetMetrics(registry_, static_cast<double>(mistrusting.size()),
             facts.ok() ? absl::ToDoubleSeconds(facts->not_after - absl::UnixEpoch()) : 0);
  std::set<std::string> now(mistrusting.begin(), mistrusting.end());
  for (const std::string& entry : now) {
    if (told_.count(entry) != 0) continue;
    LogWarning("the API server's CA bundle does not vouch for the webhook's certificate",
               {{"entry", entry}});
  }
  told_ = std::move(now);
}

}  // namespace innkeeper
