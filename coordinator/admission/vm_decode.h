#pragma once
// VirtualMachines from JSON, by simdjson on demand: one pass, no tree.

#include <string_view>

#include "base/status.h"
#include "coordinator/admission/vm_view.h"

namespace innkeeper {

// `json` is one object. INVALID_ARGUMENT: not JSON, or no object. Copies it once (simdjson reads a
// little beyond the end).
absl::StatusOr<VmView> DecodeVm(std::string_view json);

}  // namespace innkeeper
