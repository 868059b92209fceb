#pragma once
// A real API server (tests/env) with KubeVirt's kinds and ours, and what a bench does in it.

#include <memory>
#include <string>

#include "base/clock.h"
#include "coordinator/kube/http_kube_client.h"

namespace innkeeper {

class BenchCluster {
 public:
  static constexpr char kNamespace[] = "innkeeper-system";  // the coordinator's
  static constexpr char kSpace[] = "bench";                 // the VMs'

  // FAILED_PRECONDITION: the environment does not say where it is (tests/env/in_env does).
  static absl::StatusOr<std::unique_ptr<BenchCluster>> Open();

  KubeClient& client() { return *client_; }
  const std::string& kubeconfig() const { return kubeconfig_; }

  // Our MutatingWebhookConfiguration as it is shipped, under that name, but at a port of this
  // machine; an empty `ca`: for the coordinator to fill in, which it does with the one named
  // "innkeeper".
  absl::Status InstallWebhook(const std::string& name, uint16_t port, const std::string& ca);
  absl::Status RemoveWebhook(const std::string& name);
  // What the coordinator has put in, PEM; waits for it.
  absl::StatusOr<std::string> AwaitCaBundle(const Call& call);

  // An ordinary VM that asks to be enrolled: the one that all webhook benches use. The object as
  // stored.
  absl::StatusOr<std::string> CreateVm(const std::string& name);
  absl::Status DeleteVm(const std::string& name);
  // Until created VMs are prepared by a webhook, or are not.
  absl::Status AwaitPrepared(bool prepared, const Call& call);

 private:
  explicit BenchCluster(std::string kubeconfig) : kubeconfig_(std::move(kubeconfig)) {}
  absl::Status Prepare();

  const std::string kubeconfig_;
  std::string kubectl_;
  RealClock clock_;
  std::unique_ptr<KubeClient> client_;
};

// Runs a command line; what it wrote. INTERNAL when it fails.
absl::StatusOr<std::string> OutputOf(const std::string& command);
// A port of 127.0.0.1 that nobody listens on now.
uint16_t FreePort();

}  // namespace innkeeper
