#pragma once

#include <string>
#include <utility>

#include "absl/strings/ascii.h"
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
  // The same process may lead again after another did: each time is a term of its own. Letters,
  // digits and '-' alone: it stands in tags.
  std::string Term() const override {
    std::string term = identity_ + "-" + std::to_string(election_.Transitions());
    for (char& c : term) c = absl::ascii_isalnum(static_cast<unsigned char>(c)) ? c : '-';
    return term;
  }
  MonotonicTime WriteUntil() const override { return election_.WriteUntil(); }

 private:
  const LeaseElection& election_;
  const std::string identity_;
};

}  // namespace innkeeper
