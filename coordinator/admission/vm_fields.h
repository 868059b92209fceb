#pragma once
// Heavy header, as json_fields.h.

#include "coordinator/admission/json_fields.h"
#include "coordinator/admission/vm_view.h"

namespace innkeeper {

// Reads a VirtualMachine into `view`. False: it is not an object, or a field is of another type
// than the schema's; then view.ill_formed is set too, and the caller may go on with what follows.
bool TakeVm(ondemand::value vm, VmView& view);

}  // namespace innkeeper
