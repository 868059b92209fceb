#pragma once
// Ids of orders say what they are for, so that one can be told after a restart of either side by
// its id alone: "join-<hex>" (also the attempt's id), "verify-<hex>", "leave-<hex>".

#include <cstdint>
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

// A proof counts for the run in which it was asked for: its id begins so. (FNV-1a, 64 bits: stable,
// and no secret.)
inline std::string VerifyPrefix(const std::string& run) {
  uint64_t hash = 14695981039346656037u;
  for (const unsigned char c : run) hash = (hash ^ c) * 1099511628211u;
  std::string prefix = PrefixOf(JobKind::kVerify);
  for (int shift = 60; shift >= 0; shift -= 4) prefix += "0123456789abcdef"[(hash >> shift) & 15];
  return prefix + "-";
}

}  // namespace innkeeper
