#pragma once
// Ids of orders say what they are for, so that one can be told after a restart of either side by
// its id alone: "join-<hex>" (also the attempt's id), "verify-<hex>", "leave-<hex>".

#include <string>

#include "coordinator/guests/vm.h"

namespace innkeeper {

inline const char* PrefixOf(JobKind kind) {
  switch (kind) {
    case JobKind::kJoin:
      return "join-";
    case JobKind::kVerify:
      return "verify-";
    case JobKind::kLeave:
      return "leave-";
    case JobKind::kInspect:
      break;
  }
  return "inspect-";
}

inline bool IsJobOf(JobKind kind, const std::string& id) {
  return id.rfind(PrefixOf(kind), 0) == 0;
}

}  // namespace innkeeper
