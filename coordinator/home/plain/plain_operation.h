#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/guarded.h"
#include "coordinator/guests/operation_record.h"
#include "coordinator/home/plain/database.h"

namespace innkeeper {

// Pause and brake, kept over restarts. A removal counts once it is durable, so a full disk removes
// nothing. Thread-safe.
class PlainOperation final : public Operation {
 public:
  using Limits = RemovalLimits;
  static absl::StatusOr<std::unique_ptr<PlainOperation>> Open(Database& database,
                                                              const Clock& clock, Limits limits);

  OperationState State() const override;
  absl::Status Pause(const std::string& who, const Call& call) override;
  absl::Status Resume(const Call& call) override;
  absl::Status ReleaseBrake(const Call& call) override;
  absl::Status CountRemoval(const GuestKey& guest, const Call& call) override;
  void OnChange(std::function<void()> changed) override;

 private:
  PlainOperation(Database& database, const Clock& clock, Limits limits)
      : database_(database), clock_(clock), limits_(limits) {}
  absl::Status Load();
  // Changes the record and makes it durable; unchanged when that fails. One at a time.
  absl::Status Change(const std::function<absl::Status(OperationRecord&)>& change,
                      const Call& call);
  void Tell();

  Database& database_;
  const Clock& clock_;
  const Limits limits_;
  std::mutex changing_;
  mutable Guarded<OperationRecord> record_;
  Guarded<std::vector<std::function<void()>>> listeners_;
};

}  // namespace innkeeper
