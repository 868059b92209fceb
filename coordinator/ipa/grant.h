#pragma once
// The right to take over virt-ipa-joiner's hosts: a permission beside those of `ipa setup`, for as
// long as an adoption lasts. Why it is one of its own:
// docs/adr/0006-adopting-virt-ipa-joiners-hosts.md.
//
//   permission "Innkeeper <cluster> adopt virt-ipa-joiner"   write   userclass, description of
//     (&(description=Created by virt-ipa-joiner at *)(!(userclass=innkeeper:*)))

#include <string>

#include "base/call.h"
#include "base/status.h"
#include "coordinator/guests/ids.h"
#include "coordinator/ipa/dispatcher.h"
#include "coordinator/ipa/ipa_messages.h"

namespace innkeeper {

enum class GrantState { kAbsent, kGiven };

class IpaGrant {
 public:
  // `admin` is logged in as somebody who may do this, and outlives the object.
  IpaGrant(IpaDispatcher& admin, ClusterId cluster) : admin_(admin), cluster_(std::move(cluster)) {}

  // All return what was so before. Errors are IpaClient's. Block.

  absl::StatusOr<GrantState> Look(const Call& call);
  // FAILED_PRECONDITION: `ipa setup` has not been run for this cluster. OK also when it was given.
  absl::StatusOr<GrantState> Give(const Call& call);
  // OK also when there was none. Hosts that were taken over stay ours.
  absl::StatusOr<GrantState> Withdraw(const Call& call);

  std::string name() const { return "Innkeeper " + cluster_.text + " adopt virt-ipa-joiner"; }
  static std::string Filter();

 private:
  absl::StatusOr<IpaAnswer> Do(absl::StatusOr<IpaCommand> command, const Call& call);

  IpaDispatcher& admin_;
  const ClusterId cluster_;
};

}  // namespace innkeeper
