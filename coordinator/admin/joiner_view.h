#pragma once

#include "coordinator/guests/joiner_adoption.h"
#include "innkeeper/admin/v1/admin.pb.h"

namespace innkeeper {

// Plans the adoption, or does it, and shows what came of it. INVALID_ARGUMENT: a field of the wish;
// other errors and blocking are the adoption's.
absl::StatusOr<admin::v1::JoinerHostsResponse> Ask(JoinerAdoption& adoption,
                                                   const admin::v1::JoinerHostsRequest& wish,
                                                   bool adopt, const Call& call);

}  // namespace innkeeper
