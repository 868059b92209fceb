#include "coordinator/home/kube/boot_delivery.h"

#include <utility>

namespace innkeeper {

absl::StatusOr<VmUid> BootDelivery::Domain(const VmUid& uid) const {
  VmUid domain = domain_of_(uid);
  if (domain.text.empty())
    return absl::UnavailableError("VM " + uid.text + " has no domain that is its own");
  return domain;
}

absl::Status BootDelivery::Join(JoinJob job, const Call& call) {
  if (job.by_disk && !job.password.empty()) return secrets_.Load(job, call);
  ASSIGN_OR_RETURN(job.uid, Domain(job.uid));
  return agents_.Join(std::move(job), call);
}

absl::Status BootDelivery::ClearDisk(const VmUid& uid, bool enrolled, const Call& call) {
  return secrets_.Clear(uid, enrolled, call);
}

absl::Status BootDelivery::Verify(const VmUid& uid, const Fqdn& fqdn, const std::string& order,
                                  const Call& call) {
  ASSIGN_OR_RETURN(const VmUid domain, Domain(uid));
  return agents_.Verify(domain, fqdn, order, call);
}

absl::Status BootDelivery::Leave(const VmUid& uid, const Fqdn& fqdn, const std::string& order,
                                 const Call& call) {
  ASSIGN_OR_RETURN(const VmUid domain, Domain(uid));
  return agents_.Leave(domain, fqdn, order, call);
}

absl::Status BootDelivery::Inspect(const VmUid& uid, const std::string& order, const Call& call) {
  ASSIGN_OR_RETURN(const VmUid domain, Domain(uid));
  return agents_.Inspect(domain, order, call);
}

// Without a domain there is no order of it left to be ended.
void BootDelivery::Cancel(const VmUid& uid, const std::string& order) {
  if (const VmUid domain = domain_of_(uid); !domain.text.empty()) agents_.Cancel(domain, order);
}

void BootDelivery::Acknowledge(const VmUid& uid, const std::string& order) {
  if (const VmUid domain = domain_of_(uid); !domain.text.empty())
    agents_.Acknowledge(domain, order);
}

}  // namespace innkeeper
