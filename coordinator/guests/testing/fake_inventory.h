#pragma once

#include <functional>
#include <map>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "coordinator/guests/home.h"

namespace innkeeper {

// Says what it was told. Thread-safe.
class FakeInventory final : public Inventory {
 public:
  explicit FakeInventory(const Clock& clock) : clock_(clock) {}
  std::optional<VmRecord> Find(const VmUid& uid) const override;
  std::vector<VmRecord> FindByKey(const GuestKey& key) const override;
  std::vector<VmRecord> List() const override;
  bool Settled() const override;
  bool AllNodesConnected() const override;
  void OnChange(std::function<void(const VmUid&)> changed) override;

  // Replaces the record; the times of presence, node and agent follow what changed in it.
  void Set(VmRecord vm);
  void SetJob(const VmUid& uid, const JobView& job);
  void EraseJob(const VmUid& uid, const std::string& id);
  void Erase(const VmUid& uid);
  void SetSettled(bool settled);
  void SetAllNodesConnected(bool connected);
  void ForgetListeners();

 private:
  struct State {
    std::map<VmUid, VmRecord> vms;
    std::vector<std::function<void(const VmUid&)>> listeners;
    bool settled = true;
    bool connected = true;
  };
  void Tell(const VmUid& uid);
  const Clock& clock_;
  mutable Guarded<State> state_;
};

}  // namespace innkeeper
