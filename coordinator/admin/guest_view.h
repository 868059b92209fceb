#pragma once
// The core's values as the admin API shows them. Pure.

#include <optional>

#include "coordinator/guests/guest.h"
#include "coordinator/guests/home.h"
#include "coordinator/guests/vm.h"
#include "innkeeper/admin/v1/admin.pb.h"

namespace innkeeper {

// `vm` adds what is only known in memory: node, agent, addresses, what is under way.
admin::v1::Guest ShowGuest(const Guest& guest, const std::optional<VmRecord>& vm, absl::Time now);
admin::v1::Event ShowEvent(const EventRecord& event);
admin::v1::Operation ShowOperation(const OperationState& state, int64_t allowed);

}  // namespace innkeeper
