#pragma once

#include <utility>

#include "coordinator/home/kube/vm_secrets.h"

namespace innkeeper {

// Passwords for a VM's next boot go to its Secret, everything else to the agent of its node.
class BootDelivery final : public Delivery {
 public:
  BootDelivery(VmSecrets& secrets, Delivery& agents) : secrets_(secrets), agents_(agents) {}

  absl::Status Join(JoinJob job, const Call& call) override {
    if (job.by_disk && !job.password.empty()) return secrets_.Load(job, call);
    return agents_.Join(std::move(job), call);
  }
  absl::Status ClearDisk(const VmUid& uid, bool enrolled, const Call& call) override {
    return secrets_.Clear(uid, enrolled, call);
  }
  absl::Status Verify(const VmUid& uid, const Fqdn& fqdn, const std::string& order,
                      const Call& call) override {
    return agents_.Verify(uid, fqdn, order, call);
  }
  absl::Status Leave(const VmUid& uid, const Fqdn& fqdn, const std::string& order,
                     const Call& call) override {
    return agents_.Leave(uid, fqdn, order, call);
  }
  absl::Status Inspect(const VmUid& uid, const std::string& order, const Call& call) override {
    return agents_.Inspect(uid, order, call);
  }
  void Cancel(const VmUid& uid, const std::string& order) override { agents_.Cancel(uid, order); }
  void Acknowledge(const VmUid& uid, const std::string& order) override {
    agents_.Acknowledge(uid, order);
  }

 private:
  VmSecrets& secrets_;
  Delivery& agents_;
};

}  // namespace innkeeper
