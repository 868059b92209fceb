#pragma once
// Errors everywhere are absl::Status; these are the only two propagation macros and the one rule on
// what may be tried again.

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace innkeeper {

#define RETURN_IF_ERROR(expr)                                               \
  do {                                                                      \
    if (absl::Status ik_status = (expr); !ik_status.ok()) return ik_status; \
  } while (false)

// `lhs` may declare: ASSIGN_OR_RETURN(const Host host, client.Find(name));
#define ASSIGN_OR_RETURN(lhs, expr) IK_ASSIGN_(IK_JOIN_(ik_result_, __LINE__), lhs, expr)
#define IK_ASSIGN_(tmp, lhs, expr)               \
  auto tmp = (expr);                             \
  if (!tmp.ok()) return std::move(tmp).status(); \
  lhs = *std::move(tmp)
#define IK_JOIN_(a, b) IK_JOIN2_(a, b)
#define IK_JOIN2_(a, b) a##b

// The same status with "context: " before its message; OK stays OK. Payloads are kept.
absl::Status Annotate(const absl::Status& status, const std::string& context);

// True for the four codes that may succeed when tried again later without anyone changing anything:
// UNAVAILABLE, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED. Only queues and links retry.
bool IsRetryable(const absl::Status& status);

// A status from an errno value: "context: No such file or directory". ENOENT is NOT_FOUND, EACCES
// and EPERM PERMISSION_DENIED, EEXIST ALREADY_EXISTS, ENOSPC RESOURCE_EXHAUSTED, EAGAIN,
// ECONNREFUSED and their like UNAVAILABLE, the rest INTERNAL.
absl::Status ErrnoStatus(int error, const std::string& context);

// "NOT_FOUND: no such host", for logs and people.
std::string ToText(const absl::Status& status);

}  // namespace innkeeper
