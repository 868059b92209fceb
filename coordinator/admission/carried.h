#pragma once
// What of ours a VM carries: the leader writes these Secrets, the webhook keeps them in place.
// Pure.
//
// Anybody who may write a VM may name any Secret of the namespace in it. Whoever writes
// one must be held to this very VM's (home/kube/vm_secrets.h).

#include <optional>

#include "coordinator/admission/prepared_record.h"
#include "coordinator/admission/vm_view.h"

namespace innkeeper {

struct Carried {
  VmSecretNames secrets;    // each empty: not carried
  UserDataSource original;  // what the user's user-data came from, where ours stands in its place
  bool any() const { return !secrets.join.empty() || !secrets.user_data.empty(); }
  bool user_data() const { return !secrets.user_data.empty(); }
};
// The user-data is ours only where annotation and volume agree.
Carried CarriedBy(const VmView& vm);

}  // namespace innkeeper
