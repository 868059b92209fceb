#pragma once
// Pause and brake as every home keeps them: one small record, and what may be done to it. Pure.

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/clock.h"
#include "coordinator/guests/home.h"

namespace innkeeper {

struct OperationRecord {
  bool paused = false;
  std::string paused_by;
  bool brake = false;
  std::string brake_reason;
  struct Removal {
    GuestKey guest;
    absl::Time time;
    bool operator==(const Removal&) const = default;
  };
  std::vector<Removal> removals;
  bool operator==(const OperationRecord&) const = default;
};

struct RemovalLimits {
  size_t removals = 10;
  Duration window = std::chrono::minutes(10);
};

// JSON, and its inverse. DATA_LOSS: not such a record; unknown fields are tolerated.
std::string EncodeOperation(const OperationRecord& record);
absl::StatusOr<OperationRecord> DecodeOperation(const std::string& json);

// With the removals within the window.
OperationState StateOf(const OperationRecord& record, const RemovalLimits& limits, absl::Time now);

// What persons do.
void Pause(OperationRecord& record, const std::string& who);
void Resume(OperationRecord& record);
void ReleaseBrake(OperationRecord& record);

// Counts one removal more, or puts the brake on: FAILED_PRECONDITION then, and as long as it is on.
// A guest that was counted within the window may go on, also under the brake.
absl::Status CountRemoval(OperationRecord& record, const GuestKey& guest,
                          const RemovalLimits& limits, absl::Time now);

}  // namespace innkeeper
