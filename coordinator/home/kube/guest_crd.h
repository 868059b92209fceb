#pragma once
// The Guest resource's documents, made from proto/innkeeper/guest/v1alpha1/guest.proto and the
// table of reason codes. Any thread; they never fail.

#include <string>

namespace innkeeper {

// deploy/coordinator/crd-guests.yaml
std::string GuestCrd();

// docs/reference/guest-resource.md
std::string GuestResourceReference();

}  // namespace innkeeper
