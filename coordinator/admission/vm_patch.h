#pragma once

#include <string>

#include "coordinator/admission/vm_plan.h"

namespace innkeeper {

// The JSON Patch (RFC 6902) that makes of `vm` what the plan says; "" when it is so already. Only
// what must differ is named: network data, order of the lists and all else stay as they are.
std::string PatchFor(const VmView& vm, const VmPlan& plan);

}  // namespace innkeeper
