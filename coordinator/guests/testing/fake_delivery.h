#pragma once
// Guests in memory and the agents that serve them: orders are taken, worked off when the test says
// so, and their results told until they are acknowledged. Not thread-safe.

#include <functional>
#include <map>
#include <set>
#include <string>

#include "base/clock.h"
#include "coordinator/guests/home.h"
#include "coordinator/guests/testing/fake_inventory.h"

namespace innkeeper {

// What a guest does to FreeIPA, and what FreeIPA thinks of its key.
struct GuestSideOfIpa {
  // The key's version number. PERMISSION_DENIED: the password is not the host's.
  std::function<absl::StatusOr<int64_t>(const Fqdn&, const Secret& password)> join;
  std::function<bool(const Fqdn&, int64_t kvno)> accepts_key;
  std::function<void(const Fqdn&, int64_t kvno)> leave;  // un-enrols with a key that is accepted
};

class FakeDelivery final : public Delivery {
 public:
  struct Key {
    Fqdn fqdn;
    int64_t kvno = 0;
  };

  FakeDelivery(FakeInventory& inventory, const Clock& clock, GuestSideOfIpa ipa)
      : inventory_(inventory), clock_(clock), ipa_(std::move(ipa)) {}

  absl::Status Join(JoinJob job, const Call& call) override;
  absl::Status ClearDisk(const VmUid& uid, bool enrolled, const Call& call) override;
  absl::Status Verify(const VmUid& uid, const Fqdn& fqdn, const std::string& order,
                      const Call& call) override;
  absl::Status Leave(const VmUid& uid, const Fqdn& fqdn, const std::string& order,
                     const Call& call) override;
  absl::Status Inspect(const VmUid& uid, const std::string& order, const Call& call) override;
  void Cancel(const VmUid& uid, const std::string& order) override;
  void Acknowledge(const VmUid& uid, const std::string& order) override;

  // The VM's domain starts: what its disk holds now is what this boot joins with.
  void ReadDisk(const VmUid& uid);
  // Every open order of a guest that can be reached is worked off, and every boot that has read a
  // password joins. True when there was one.
  bool Work();
  // The guest's next joins end so instead of joining; the front first.
  void FailNextJoin(const VmUid& uid, JobResult result) { guests_[uid].fail.push_back(result); }
  // The guest joins, but its word is lost: the agent says so instead.
  void LoseNextWord(const VmUid& uid, JobResult said) { guests_[uid].lose.push_back(said); }
  // The guest's next join begins and goes on, as this program in the guest, until an agent is sent
  // back to that program; an agent that only asks the guest comes before it noted that it began.
  void BeginNextJoin(const VmUid& uid, int64_t pid) { guests_[uid].slow_pid = pid; }
  // The guest's sssd does not answer until it is mended.
  void BreakSssd(const VmUid& uid, bool broken) { guests_[uid].sssd_broken = broken; }
  // The agent died: what it had not finished is gone.
  void LoseOrders(const VmUid& uid);
  // A coordinator that starts anew is told everything that was not acknowledged.
  void Retell();

  bool IsDiskLoaded(const VmUid& uid) { return !guests_[uid].disk.password.empty(); }
  // What the guest's script, started by its own boot, tells when asked.
  void SlowDownBoot(const VmUid& uid, bool slow) { guests_[uid].boot_is_slow = slow; }
  // Disks cannot be written, for that reason, until OK is given.
  void RefuseDisks(absl::Status why) { disk_refusal_ = std::move(why); }
  size_t disk_writes() const { return disk_writes_; }
  std::optional<Key>& KeyOf(const VmUid& uid) { return guests_[uid].key; }
  size_t joins() const { return joins_; }
  size_t leaves() const { return leaves_; }
  size_t verifies() const { return verifies_; }
  const std::set<std::string>& delivered_passwords() const { return delivered_; }

 private:
  struct Order {
    JobKind kind = JobKind::kInspect;
    Fqdn fqdn;
    Secret password;
    int64_t adopted_pid = 0;
    bool only_looks = false;
    JobView view;
  };
  struct Disk {
    std::string attempt;
    Fqdn fqdn;
    std::string password;  // empty: none, the boot does not join
  };
  struct SimulatedGuest {
    Disk disk, booted;
    bool boot_is_slow = false;
    std::map<std::string, Order> noted;  // results in the guest, by attempt
    std::set<std::string> given_up;      // attempts that somebody was told are unknown
    std::optional<Key> key;
    bool sssd_broken = false;
    std::vector<JobResult> fail, lose;
    int64_t slow_pid = 0;
    Secret running;  // the password of the program slow_pid
    std::map<std::string, Order> orders;
  };
  absl::Status Take(const VmUid& uid, Order order);
  bool IsReachable(const VmUid& uid) const;
  bool BootJoins(SimulatedGuest& guest);
  void Perform(SimulatedGuest& guest, Order& order);
  void PerformJoin(SimulatedGuest& guest, Order& order);
  static void Prove(const SimulatedGuest& guest, Order& order);

  FakeInventory& inventory_;
  const Clock& clock_;
  const GuestSideOfIpa ipa_;
  std::map<VmUid, SimulatedGuest> guests_;
  std::set<std::string> delivered_;
  absl::Status disk_refusal_;
  size_t joins_ = 0, leaves_ = 0, verifies_ = 0, disk_writes_ = 0;
};

}  // namespace innkeeper
