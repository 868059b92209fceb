#include "coordinator/admission/carried.h"

namespace innkeeper {

Carried CarriedBy(const VmView& vm) {
  Carried carried;
  carried.secrets.join = vm.join_secret.value_or("");
  if (!vm.prepared || !vm.user_data.secret) return carried;
  const std::optional<PreparedRecord> record = ParsePreparedRecord(*vm.prepared);
  if (!record || record->secrets.user_data != *vm.user_data.secret) return carried;
  carried.secrets.user_data = record->secrets.user_data;
  carried.original = record->original;
  return carried;
}

}  // namespace innkeeper
