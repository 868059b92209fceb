#pragma once
// The rest of a home in memory: who leads, what was recorded, pause and brake, secrets.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "coordinator/guests/home.h"
#include "coordinator/guests/node_reports.h"

namespace innkeeper {

class FakeRecorder final : public Recorder {
 public:
  explicit FakeRecorder(const Clock& clock) : clock_(clock) {}
  void Record(const GuestKey& guest, Reason reason, const std::string& message) override;
  absl::StatusOr<std::vector<EventRecord>> List(const std::optional<GuestKey>& guest, int64_t after,
                                                size_t limit, const Call& call) override;
  void OnEvent(std::function<void(const EventRecord&)> added) override;
  // How often the reason was recorded, for all guests.
  size_t Count(Reason reason);

 private:
  struct State {
    std::vector<EventRecord> events;
    std::vector<std::function<void(const EventRecord&)>> listeners;
  };
  const Clock& clock_;
  Guarded<State> state_;
};

class FakeLeadership final : public Leadership {
 public:
  bool Leads() const override { return leads; }
  std::string Term() const override { return term; }
  MonotonicTime WriteUntil() const override { return MonotonicTime::max(); }
  bool leads = true;
  std::string term = "term-1";
};

class FakeOperation final : public Operation {
 public:
  FakeOperation(const Clock& clock, size_t removals_allowed, absl::Duration window)
      : clock_(clock), allowed_(removals_allowed), window_(window) {}
  OperationState State() const override;
  absl::Status Pause(const std::string& who, const Call& call) override;
  absl::Status Resume(const Call& call) override;
  absl::Status ReleaseBrake(const Call& call) override;
  absl::Status CountRemoval(const GuestKey& guest, const Call& call) override;
  void OnChange(std::function<void()> changed) override;
  void ForgetListeners() { listeners_.clear(); }

 private:
  absl::Status Told();
  const Clock& clock_;
  const size_t allowed_;
  const absl::Duration window_;
  OperationState state_;
  std::map<GuestKey, absl::Time> counted_;
  std::vector<std::function<void()>> listeners_;
};

class FakeVault final : public Vault {
 public:
  absl::StatusOr<VaultEntry> Read(const std::string& name, const Call& call) override;
  absl::StatusOr<int64_t> Write(const std::string& name, const Secret& bytes, int64_t version,
                                const Call& call) override;
  absl::Status Remove(const std::string& name, int64_t version, const Call& call) override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& prefix,
                                                const Call& call) override;

 private:
  struct Entry {
    std::string bytes;
    int64_t version = 0;
  };
  Guarded<std::map<std::string, Entry>> entries_;
};

class FakeNodeStore final : public NodeStore {
 public:
  absl::StatusOr<std::optional<NodeRecord>> Find(const NodeName& node, const Call& call) override;
  absl::Status Put(const NodeRecord& node, const Call& call) override;
  absl::Status Remove(const NodeName& node, const Call& call) override;
  absl::StatusOr<std::vector<NodeRecord>> List(const Call& call) override;

 private:
  Guarded<std::map<NodeName, NodeRecord>> nodes_;
};

}  // namespace innkeeper
