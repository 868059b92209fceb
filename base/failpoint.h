#pragma once
// Named places where a test build can be made to die, fail or wait, so that every step of an
// enrolment can be interrupted for real. Compiled to nothing unless INNKEEPER_FAILPOINTS is set.
//
//   FAILPOINT("order.sent");                 // may kill the process (exit code 137, as kill -9)
//   RETURN_IF_ERROR(FAILPOINT_STATUS("ipa.add_host.answer"));
//
// Armed by the environment variable
// INNKEEPER_FAILPOINTS="name=kill;other=error:UNAVAILABLE;third=kill@3"
// (@N: at the N-th pass only; default the first). "name=pause:FILE": waits until FILE exists.

#include "base/status.h"

namespace innkeeper {

#if defined(INNKEEPER_FAILPOINTS)
absl::Status PassFailpoint(const char* name);
#define FAILPOINT_STATUS(name) ::innkeeper::PassFailpoint(name)
#define FAILPOINT(name) static_cast<void>(::innkeeper::PassFailpoint(name))
#else
#define FAILPOINT_STATUS(name) ::absl::OkStatus()
#define FAILPOINT(name) static_cast<void>(0)
#endif

}  // namespace innkeeper
