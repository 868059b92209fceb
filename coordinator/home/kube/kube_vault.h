#pragma once

#include <string>

#include "coordinator/guests/home.h"
#include "coordinator/kube/kube_client.h"

namespace innkeeper {

// Secrets of the coordinator's own namespace: "ca/agents" is Secret innkeeper-vault.ca.agents, of
// type innkeeper.dev/vault, with the label of the same name. A version is the resourceVersion.
// Names are words of lower-case letters, digits and '-', with '/' between. Every call asks the
// server: nothing is kept in memory. Thread-safe; blocks. DATA_LOSS from Read: somebody edited the
// Secret to something else. FAILED_PRECONDITION: a Secret of that name is not ours.
class KubeVault final : public Vault {
 public:
  // `client` outlives it.
  KubeVault(KubeClient& client, std::string ns) : client_(client), ns_(std::move(ns)) {}

  absl::StatusOr<VaultEntry> Read(const std::string& name, const Call& call) override;
  absl::StatusOr<int64_t> Write(const std::string& name, const Secret& bytes, int64_t version,
                                const Call& call) override;
  absl::Status Remove(const std::string& name, int64_t version, const Call& call) override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& prefix,
                                                const Call& call) override;

 private:
  absl::StatusOr<KubePath> PathOf(const std::string& name) const;

  KubeClient& client_;
  const std::string ns_;
};

}  // namespace innkeeper
