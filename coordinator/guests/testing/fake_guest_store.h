#pragma once

#include <functional>
#include <map>
#include <vector>

#include "base/guarded.h"
#include "base/random.h"
#include "coordinator/guests/home.h"

namespace innkeeper {

// In memory, with the store's real semantics: versions, conflicts, stale reads, outages. Passes the
// home's contract test. Thread-safe.
class FakeGuestStore final : public GuestStore {
 public:
  absl::StatusOr<Guest> Create(Guest guest, const Call& call) override;
  absl::StatusOr<Guest> Get(const GuestKey& key, const Call& call) override;
  absl::StatusOr<Guest> GetByUid(const VmUid& uid, const Call& call) override;
  absl::StatusOr<int64_t> UpdateSpec(const Guest& guest, const Call& call) override;
  absl::StatusOr<int64_t> UpdateStatus(const Guest& guest, const Call& call) override;
  absl::StatusOr<int64_t> MarkDeleting(const Guest& guest, const Call& call) override;
  absl::StatusOr<int64_t> Rebind(const Guest& guest, const VmUid& uid, const Call& call) override;
  absl::Status Delete(const GuestKey& key, int64_t version, const Call& call) override;
  absl::StatusOr<std::vector<Guest>> List(const std::optional<GuestKey>& after, size_t limit,
                                          const Call& call) override;
  void OnChange(std::function<void(const GuestKey&)> changed) override;

  // One read in `one_in` returns what was there before the last write; 0: none.
  void MakeStale(Random& random, uint64_t one_in);
  // Every call fails with it until OK.
  void Fail(absl::Status outage);
  // As a process that ends: whoever listened is gone.
  void ForgetListeners();

 private:
  struct Row {
    Guest now, before;
  };
  struct State {
    std::map<GuestKey, Row> rows;
    std::vector<std::function<void(const GuestKey&)>> listeners;
    absl::Status outage;
    Random* random = nullptr;
    uint64_t stale_one_in = 0;
    int64_t next_version = 1;
  };
  template <class Change>
  absl::StatusOr<int64_t> Write(const Guest& guest, const Call& call, Change&& change);
  static const Guest& Read(State& state, const Row& row);
  void Tell(const GuestKey& key);
  Guarded<State> state_;
};

}  // namespace innkeeper
