#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/status.h"

namespace innkeeper {

// What a coordination.k8s.io/v1 Lease says.
// Source: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/lease-v1/
struct LeaseRecord {
  std::string holder;  // empty: nobody's
  Duration time = Duration::zero();
  int64_t transitions = 0;
  absl::Time acquired, renewed;  // for people: nobody decides by another's clock
  std::string resource_version;  // empty: not made yet
};

// INVALID_ARGUMENT: it is no Lease. Fields that are not there are empty.
absl::StatusOr<LeaseRecord> ParseLease(const std::string& object);
std::string LeaseText(const LeaseRecord& record, const std::string& ns, const std::string& name);

}  // namespace innkeeper
