#pragma once

#include <functional>
#include <string>

#include "cli/context.h"
#include "innkeeper/admin/v1/admin.pb.h"

namespace innkeeper {

enum class WaitVerdict { kGoOn, kReached, kHopeless };

// Follows one guest until `judge` has seen enough, telling on stderr what is awaited, for how long
// and what goes on (one line that rewrites itself on a terminal, a line per change elsewhere).
// DEADLINE_EXCEEDED: --timeout is over; the message says what it was waiting for and the last
// state. FAILED_PRECONDITION: hopeless; the message says what a person must do.
absl::Status WaitForGuest(CliContext& context, const GuestName& name, const std::string& what,
                          const std::function<WaitVerdict(const admin::v1::Guest&)>& judge);

// Enrolled and proven, or a reason that no waiting changes.
WaitVerdict JudgeEnrolled(const admin::v1::Guest& guest);
// The same with another key than the one it had `before`: a new one was asked for.
WaitVerdict JudgeEnrolledAnew(const admin::v1::Guest& before, const admin::v1::Guest& guest);
// The host entry is gone and the guest has left.
WaitVerdict JudgeUnenrolled(const admin::v1::Guest& guest);

}  // namespace innkeeper
