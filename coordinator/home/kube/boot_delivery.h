#pragma once

#include <functional>

#include "coordinator/home/kube/vm_secrets.h"

namespace innkeeper {

// Passwords for a VM's next boot go to its Secret, everything else to the agent of its node, which
// knows the VM by its domain's UUID. UNAVAILABLE: it has no domain now.
class BootDelivery final : public Delivery {
 public:
  // `domain_of`: that UUID as a uid, empty for none; quick. All outlives it.
  BootDelivery(VmSecrets& secrets, Delivery& agents, std::function<VmUid(const VmUid&)> domain_of)
      : secrets_(secrets), agents_(agents), domain_of_(std::move(domain_of)) {}

  absl::Status Join(JoinJob job, const Call& call) override;
  absl::Status ClearDisk(const VmUid& uid, bool enrolled, const Call& call) override;
  absl::Status Verify(const VmUid& uid, const Fqdn& fqdn, const std::string& order,
                      const Call& call) override;
  absl::Status Leave(const VmUid& uid, const Fqdn& fqdn, const std::string& order,
                     const Call& call) override;
  absl::Status Inspect(const VmUid& uid, const std::string& order, const Call& call) override;
  void Cancel(const VmUid& uid, const std::string& order) override;
  void Acknowledge(const VmUid& uid, const std::string& order) override;

 private:
  absl::StatusOr<VmUid> Domain(const VmUid& uid) const;

  VmSecrets& secrets_;
  Delivery& agents_;
  const std::function<VmUid(const VmUid&)> domain_of_;
};

}  // namespace innkeeper
