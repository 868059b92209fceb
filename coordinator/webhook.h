#pragma once
// The VirtualMachine webhook as a part of the coordinator: its listener, its certificate from
// either source, and the configuration by which the API server finds and trusts it. Every replica
// serves; the leader alone writes the configuration.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "base/health.h"
#include "base/http_server/http_server.h"
#include "coordinator/admission/vm_admission.h"
#include "coordinator/admission/webhook_routes.h"
#include "coordinator/config.h"
#include "coordinator/home/kube/webhook_trust.h"
#include "coordinator/pki/folder_certificate.h"
#include "coordinator/pki/serving_certificate.h"

namespace innkeeper {

class Webhook {
 public:
  struct Options {
    std::string listen;
    std::string certificate_dir;     // somebody else's; empty: of our own authority, then:
    std::string own_dir;             // where that one is kept
    std::vector<std::string> names;  // and what it is for
    AdmissionRules rules;
    Duration look = std::chrono::seconds(30);  // between two looks at the configuration
  };
  // `ns`: ours.
  static Options OptionsOf(const CoordinatorConfig& config, const Policy& policy,
                           const std::string& ns);
  struct Parts {
    KubeClient& client;
    const OptInSets& opt_in;
    const Leadership& leadership;
    Issuers& issuers;
    prometheus::Registry& registry;
    const Clock& clock;
  };
  // Binds, serves nothing yet. FAILED_PRECONDITION, NOT_FOUND: somebody else's certificate is not
  // there (yet). The parts outlive it.
  static absl::StatusOr<std::unique_ptr<Webhook>> Create(Parts parts, Options options);

  absl::Status Start();
  void Stop(const Call& drain);
  // Something changed (leadership, an authority): look at the configuration now. Any thread.
  void Wake();
  // Of the certificate.
  absl::Status Health() const;
  std::string endpoint() const { return server_->endpoint(); }

 private:
  Webhook(Parts parts, Options options);
  absl::Status Build();
  absl::Status BuildCertificate();
  void Use(const KeyPair& pair);
  void Run(const std::stop_token& stop);
  AskingTypes Asking() const;

  const Parts parts_;
  const Options options_;
  AdmissionMetrics metrics_;
  VmAdmission admission_;
  Guarded<KeyPair> served_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<FolderCertificate> folder_;
  std::unique_ptr<ServingCertificate> own_;
  WebhookTrust trust_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  bool woken_ = true;
  std::jthread thread_;  // "webhook-trust"
};

}  // namespace innkeeper
