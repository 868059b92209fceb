#pragma once

#include <string>
#include <utility>

#include "coordinator/guests/home.h"
#include "coordinator/kube/lease.h"

namespace innkeeper {

// Who writes is who holds the Lease; nobody asks the server for it: the elector keeps it up to
// date. Thread-safe.
class KubeLeadership final : public Leadership {
 public:
  // `election` outlives it; `identity` is the one it was made with.
  KubeLeadership(const LeaseElection& election, std::string identity)
      : election_(election), identity_(std::move(identity)) {}

  bool Leads() const override { return election_.Leads(); }
  // The same process may lead again after another did: each time is a term of its own.
  std::string Term() const override {
    return identity_ + "-" + std::to_string(election_.Transitions());
  }
  MonotonicTime WriteUntil() const override { return election_.WriteUntil(); }

 private:
  const LeaseElection& election_;
  const std::string identity_;
};

}  // namespace innkeeper
