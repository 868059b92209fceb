#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/testing/temp_dir.h"
#include "base/tls.h"
#include "coordinator/fleet/agent_service.h"
#include "coordinator/fleet/fleet.h"
#include "coordinator/fleet/testing/fake_reports.h"
#include "coordinator/pki/issuers.h"
#include "coordinator/pki/join.h"
#include "coordinator/pki/serving_certificate.h"
#include "coordinator/pki/testing/fake_node_store.h"
#include "coordinator/pki/testing/fake_vault.h"
#include "coordinator/pki/testing/test_request.h"
#include "prometheus/registry.h"

namespace innkeeper {

// A coordinator's agent side, real but for its home: authorities, gate, fleet, gRPC port on
// loopback. Start and Stop (or Kill) as often as a test likes; the home and the port stay.
class TestCentre {
 public:
  explicit TestCentre(Duration heartbeat = std::chrono::milliseconds(500))
      : heartbeat_(heartbeat) {}
  ~TestCentre() { Stop(); }

  absl::Status Start() {
    RETURN_IF_ERROR(serving_.Ensure());
    Fleet::Options options;
    options.heartbeat = heartbeat_;
    options.version = "test";
    fleet_ = std::make_unique<Fleet>(
        home_, home_,
        [] {
          return RealmFacts{"example.test", "EXAMPLE.TEST", {}, "CA"};
        },
        clock_, metrics_, options);
    AgentService::Options listen;
    listen.listen = listen_;
    listen.key_directory = dir_.File("serving");
    listen.reload = std::chrono::seconds(1);
    listen.heartbeat = heartbeat_;
    AgentGate gate;
    gate.identify = [this](const std::string& pem) -> absl::StatusOr<StreamPeer> {
      ASSIGN_OR_RETURN(const PeerRole role, RoleOf(pem, *issuers_, clock_.Now()));
      if (role.agent() == nullptr) return absl::PermissionDeniedError("not an agent's");
      return StreamPeer{role.agent()->node, role.certificate_expires};
    };
    gate.admit = [this](const std::string& pem, const Call& call) -> absl::Status {
      if (away_) return absl::UnavailableError("another coordinator leads");
      return gate_.Admit(pem, call).status();
    };
    gate.refused = [this](const std::string&, const std::string&, const absl::Status&) {
      ++refused_;
    };
    ASSIGN_OR_RETURN(service_,
                     AgentService::Create(listen, std::move(gate), *fleet_, clock_, metrics_));
    listen_ = service_->endpoint();
    return absl::OkStatus();
  }
  void Stop(Duration drain = std::chrono::seconds(5)) {
    if (service_ != nullptr) service_->Stop(Call::Within(drain));
    service_.reset();
    fleet_.reset();  // its table of orders is gone, as after a restart
  }

  // A node on record with a certificate of `life`, as join would leave it in `directory`.
  absl::Status Enlist(const std::string& node, const std::string& directory,
                      absl::Duration life = absl::Hours(1)) {
    const NodeIdentity identity{.node = {node}, .space = "demo"};
    NodeRecord record;
    record.identity = identity;
    RETURN_IF_ERROR(nodes_.Put(record, Soon()));
    const TestRequest request = MakeTestRequest();
    ASSIGN_OR_RETURN(std::string chain, issuers_->IssueAgent(identity, request.text, life));
    return PublishKeyPair(directory, {std::move(chain), Secret(request.key)},
                          issuers_->Bundle(Authority::kCoordinator));
  }
  absl::Status Revoke(const std::string& node) {
    RETURN_IF_ERROR(gate_.Revoke({node}, Soon()));
    service_->EndNode({node}, absl::PermissionDeniedError("revoked"));
    return absl::OkStatus();
  }

  // Another coordinator leads: agents are sent away.
  void SendAway(bool away) { away_ = away; }
  int refused() const { return refused_; }  // told of so many peers

  static Call Soon() { return Call::Within(std::chrono::seconds(10)); }
  std::string endpoint() const { return listen_; }
  Fleet& fleet() { return *fleet_; }
  FakeReports& home() { return home_; }
  AgentService& service() { return *service_; }
  Issuers& issuers() { return *issuers_; }
  ServingCertificate& serving() { return serving_; }
  prometheus::Registry& registry() { return registry_; }
  const TempDir& dir() const { return dir_; }

 private:
  const Duration heartbeat_;
  std::atomic<bool> away_ = false;
  std::atomic<int> refused_ = 0;
  TempDir dir_;
  RealClock clock_;
  FakeVault vault_;
  FakeNodeStore nodes_;
  FakeReports home_;
  prometheus::Registry registry_;
  FleetMetrics metrics_{registry_};
  std::unique_ptr<Issuers> issuers_ = *Issuers::Open(vault_, {"c1"}, clock_, Soon());
  JoinTokens tokens_{vault_, clock_,
                     [this] { return issuers_->SpkiSha256(Authority::kCoordinator); }};
  NodeGate gate_{*issuers_, tokens_, nodes_, clock_, {}};
  ServingCertificate::Options ServingOptions() const {
    ServingCertificate::Options options;
    options.directory = dir_.File("serving");
    options.names = {"127.0.0.1", "localhost"};
    return options;
  }
  ServingCertificate serving_{*issuers_, clock_, ServingOptions()};
  std::string listen_ = "127.0.0.1:0";
  std::unique_ptr<Fleet> fleet_;
  std::unique_ptr<AgentService> service_;
};

}  // namespace innkeeper
