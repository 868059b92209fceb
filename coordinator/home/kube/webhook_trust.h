#pragma once
// Keeps the webhook reachable: the API server's configuration of it trusts what vouches for our
// serving certificate, and shows us the VMs whose instance type or preference asks. Where somebody
// else injects the trust (cert-manager, the platform) it only judges, and tells.

#include <functional>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/tls.h"
#include "coordinator/admission/webhook_configuration.h"
#include "coordinator/kube/kube_client.h"

namespace prometheus {
class Registry;
}

namespace innkeeper {

class WebhookTrust {
 public:
  struct Sources {
    std::function<KeyPair()> served;         // what the listener serves now
    std::function<std::string()> ca_bundle;  // ours, PEM; "": somebody else injects theirs
    std::function<AskingTypes()> asking;
  };
  // All outlives it.
  WebhookTrust(KubeClient& client, const Clock& clock, prometheus::Registry& registry,
               Sources sources);

  // Its metrics at zero, for who only lists them.
  static void RegisterIn(prometheus::Registry& registry) { SetMetrics(registry, 0, 0); }

  // One look, and a patch where something differs. Only the leader's calls. NOT_FOUND: there is no
  // configuration. ABORTED: somebody else changed it meanwhile: look again. Errors are KubeClient's
  // otherwise. Metrics (born with the object): entries that do not trust us after this, and when
  // our certificate ends. A mistrust is logged when it begins. Not thread-safe; blocks.
  absl::Status Reconcile(const Call& call);

 private:
  bool Trusts(const std::string& bundle, const KeyPair& served) const;
  static void SetMetrics(prometheus::Registry& registry, double mistrusting, double expiry);
  void Tell(const std::vector<std::string>& mistrusting, const KeyPair& served);

  KubeClient& client_;
  const Clock& clock_;
  prometheus::Registry& registry_;
  const Sources sources_;
  std::set<std::string> told_;
};

}  // namespace innkeeper
