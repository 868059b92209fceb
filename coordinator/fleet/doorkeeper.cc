#include "coordinator/fleet/doorkeeper.h"

#include <grpcpp/security/tls_certificate_verifier.h>

#include <mutex>
#include <utility>

namespace innkeeper {
namespace {

using grpc::experimental::TlsCustomVerificationCheckRequest;

class GateVerifier final : public grpc::experimental::ExternalCertificateVerifier {
 public:
  explicit GateVerifier(std::shared_ptr<Doorkeeper> door) : door_(std::move(door)) {}

  // True: `outcome` holds the answer.
  bool Verify(TlsCustomVerificationCheckRequest* request, std::function<void(grpc::Status)>,
              grpc::Status* outcome) override {
    const grpc::string_ref pem = request->peer_cert();  // empty when none was sent
    if (!door_->Judge({pem.data(), pem.size()}).ok())
      *outcome = {grpc::StatusCode::PERMISSION_DENIED, "the certificate is not an agent's"};
    return true;
  }
  void Cancel(TlsCustomVerificationCheckRequest*) override {}

 private:
  const std::shared_ptr<Doorkeeper> door_;
};

}  // namespace

absl::Status Doorkeeper::Judge(const std::string& certificate) {
  const std::shared_lock lock(mutex_);
  if (closed_) return absl::PermissionDeniedError("the port is closed");
  absl::Status who = gate_.identify(certificate).status();
  if (!who.ok()) TellRefused(certificate, "", who);
  return who;
}

void Doorkeeper::TellRefused(const std::string& certificate, const std::string& address,
                             const absl::Status& why) {
  metrics_.StreamRefused(FleetMetrics::StreamRefusal::kCertificate);
  if (gate_.refused) gate_.refused(certificate, address, why);
}

void Doorkeeper::Close() {
  const std::unique_lock lock(mutex_);
  closed_ = true;
}

std::shared_ptr<grpc::experimental::CertificateVerifier> VerifierOf(
    std::shared_ptr<Doorkeeper> door) {
  return grpc::experimental::ExternalCertificateVerifier::Create<GateVerifier>(std::move(door));
}

}  // namespace innkeeper
