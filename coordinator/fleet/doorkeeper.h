#pragma once
// The gRPC port's handshake: it lets a connection in, before the first byte of HTTP/2, when the
// gate knows its certificate. TLS proves that the peer holds the key; all else is the gate's to
// check, against the authorities of this moment and with a reason that can be told.

#include <memory>
#include <shared_mutex>
#include <string>

#include "coordinator/fleet/agent_service.h"
#include "coordinator/fleet/fleet_metrics.h"

namespace grpc::experimental {
class CertificateVerifier;
}

namespace innkeeper {

// Thread-safe. gRPC may keep its verifier longer than the service lives; Close ends its use of what
// the service refers to.
class Doorkeeper {
 public:
  // Both live until Close has returned.
  Doorkeeper(const AgentGate& gate, FleetMetrics& metrics) : gate_(gate), metrics_(metrics) {}

  // PERMISSION_DENIED: not an agent's certificate, which was told to the gate; or closed.
  absl::Status Judge(const std::string& certificate);
  void TellRefused(const std::string& certificate, const std::string& address,
                   const absl::Status& why);
  // Lets nobody in any more. Waits for judgements under way.
  void Close();

 private:
  const AgentGate& gate_;
  FleetMetrics& metrics_;
  std::shared_mutex mutex_;
  bool closed_ = false;
};

std::shared_ptr<grpc::experimental::CertificateVerifier> VerifierOf(
    std::shared_ptr<Doorkeeper> door);

}  // namespace innkeeper
