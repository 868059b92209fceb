#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "base/guarded.h"
#include "coordinator/guests/home.h"
#include "coordinator/home/plain/database.h"

namespace innkeeper {

// Guests as rows. Reads come from memory, so they go on when the disk is full; a write is told only
// once it is durable. Thread-safe.
class PlainGuestStore final : public GuestStore {
 public:
  // Loads every row; DATA_LOSS names the guest whose row is damaged. `clock` and `database` outlive
  // it.
  static absl::StatusOr<std::unique_ptr<PlainGuestStore>> Open(Database& database,
                                                               const Clock& clock);

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

 private:
  struct State {
    std::map<GuestKey, Guest> guests;
    std::map<VmUid, GuestKey> by_uid;
    std::vector<std::function<void(const GuestKey&)>> listeners;
    int64_t next_version = 1;
  };
  // One column's new value: how the row says it, how the guest in memory.
  struct Change {
    std::string set;  // SQL
    std::vector<std::string> values;
    std::function<void(Guest&)> apply;
  };
  explicit PlainGuestStore(Database& database) : database_(database) {}
  absl::Status Load(const Clock& clock);
  absl::StatusOr<int64_t> Write(const Guest& guest, Change change, const Call& call);
  absl::Status MissedRow(const GuestKey& key);
  void Apply(const GuestKey& key, const std::function<void(State&)>& change);

  Database& database_;
  Guarded<State> state_;
};

}  // namespace innkeeper
