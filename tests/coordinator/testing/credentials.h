#pragma once
// Every certificate that somebody could show to a coordinator: those its own authorities gave, and
// those they would never give. Made with the keys in its state directory.

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/testing/fake_clock.h"
#include "base/tls.h"
#include "coordinator/home/plain/cluster_id.h"
#include "coordinator/home/plain/file_vault.h"
#include "coordinator/pki/certificates.h"
#include "coordinator/pki/issuers.h"
#include "coordinator/pki/testing/fake_vault.h"
#include "coordinator/pki/testing/test_request.h"

namespace innkeeper {

class Credentials {
 public:
  explicit Credentials(const std::string& state_dir)
      : vault_(state_dir + "/vault"), cluster_(*ClusterIdOf(state_dir, "")) {
    clock_.Jump(absl::Now() - clock_.Now());
    issuers_ = Open(vault_);
    sibling_ = Open(sibling_vault_);
  }

  KeyPair Agent(const std::string& node) { return AgentOf(*issuers_, node); }
  KeyPair SiblingAgent(const std::string& node) { return AgentOf(*sibling_, node); }
  KeyPair Operator(const std::string& name) { return *issuers_->IssueOperator(name, "", kLife); }
  KeyPair SiblingOperator(const std::string& name) {
    return *sibling_->IssueOperator(name, "", kLife);
  }
  KeyPair Server() { return *issuers_->IssueServing({"127.0.0.1"}, kLife); }
  // As issued by the coordinator at another time.
  KeyPair AgentAt(const std::string& node, absl::Duration ago) {
    clock_.Jump(-ago);
    KeyPair pair = Agent(node);
    clock_.Jump(ago);
    return pair;
  }
  KeyPair OperatorAt(const std::string& name, absl::Duration ago) {
    clock_.Jump(-ago);
    KeyPair pair = Operator(name);
    clock_.Jump(ago);
    return pair;
  }
  // A server's certificate that names an agent, by the agents' own authority.
  KeyPair AgentAsServer(const std::string& node) {
    return Forge("ca/agents", AgentUri(cluster_, {{node}, "demo"}), LeafUsage::kServer);
  }
  KeyPair OperatorAsServer(const std::string& name) {
    return Forge("ca/operators", OperatorUri(cluster_, name), LeafUsage::kServer);
  }
  // Names an operator, by the authority of agents.
  KeyPair OperatorByAgentsAuthority(const std::string& name) {
    return Forge("ca/agents", OperatorUri(cluster_, name), LeafUsage::kClient);
  }
  std::string CoordinatorCa() { return issuers_->Bundle(Authority::kCoordinator); }

 private:
  static constexpr absl::Duration kLife = absl::Hours(1);
  static Call Soon() { return Call::Within(std::chrono::seconds(10)); }

  std::unique_ptr<Issuers> Open(Vault& vault) {
    return *Issuers::Open(vault, cluster_, clock_, Soon());
  }
  static KeyPair AgentOf(Issuers& issuers, const std::string& node) {
    const TestRequest request = MakeTestRequest();
    return {*issuers.IssueAgent({{node}, "demo"}, request.text, kLife), Secret(request.key)};
  }
  KeyPair Forge(const std::string& authority, const std::string& uri, LeafUsage usage) {
    const auto json = nlohmann::json::parse(vault_.Read(authority, Soon())->bytes.Reveal());
    const auto& current = json["current"];
    const KeyPair ca{current["certificate"].get<std::string>(),
                     Secret(current["key"].get<std::string>())};
    const LeafSpec leaf{.common_name = "forged",
                        .uris = {uri},
                        .names = {},
                        .usage = usage,
                        .from = clock_.Now() - absl::Minutes(1),
                        .until = clock_.Now() + kLife};
    KeyPair made;
    made.key = *MakeKey();
    made.chain = *SignForKey(leaf, made.key, ca);
    return made;
  }

  FileVault vault_;
  FakeVault sibling_vault_;
  const ClusterId cluster_;
  FakeClock clock_;
  std::unique_ptr<Issuers> issuers_, sibling_;
};

}  // namespace innkeeper
