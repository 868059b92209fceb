#pragma once
// A whole coordinator core in memory, with FreeIPA, guests and a clock that the test owns:
// enrolment stories in milliseconds. The coordinator can be killed at any call it makes to the
// world, before or after it took effect; everything it kept in memory is then gone.

#include <memory>
#include <string>

#include "base/testing/fake_clock.h"
#include "coordinator/guests/controller.h"
#include "coordinator/guests/testing/fake_delivery.h"
#include "coordinator/guests/testing/fake_guest_store.h"
#include "coordinator/guests/testing/fake_home.h"
#include "coordinator/guests/testing/fake_inventory.h"
#include "coordinator/guests/testing/watched_ipa.h"

namespace prometheus {
class Registry;
}

namespace innkeeper {

class GuestWorld {
 public:
  struct Options {
    Policy policy = DefaultPolicy();
    Timings timings;
    size_t removals_allowed = 20;
    uint64_t seed = 1;
  };
  explicit GuestWorld(Options options);
  GuestWorld() : GuestWorld(Options{}) {}
  ~GuestWorld();

  // ---- the outside
  // A domain that asks for enrolment by its metadata, running with its agent connected.
  VmUid AddVm(const std::string& name, Wish wish = Wish::kYes);
  void Change(const VmUid& uid, const std::function<void(VmRecord&)>& change);
  void Reboot(const VmUid& uid);
  // As AddVm, but off, and carrying our disk: its own boot joins it.
  VmUid AddBootVm(const std::string& name);
  // Its domain starts, and reads the disk.
  void Start(const VmUid& uid, VmAgent agent = VmAgent::kConnected);
  void PowerOff(const VmUid& uid);
  void ChangeSpec(const GuestKey& key, const std::function<void(IdentitySpec&)>& change);

  // ---- the coordinator
  // Works until nothing is left to do at this time.
  void Settle();
  // Settles again and again while time passes.
  void Pass(Duration time, Duration step = std::chrono::seconds(5));
  // Lets time pass until it is so; false after `most`.
  bool PassUntil(const std::function<bool()>& so, Duration most = std::chrono::hours(3));
  // As kill -9 and a new start.
  void Restart();
  // Dies at the Nth call to the world from now (calls are counted before and after each).
  void CrashAt(int64_t nth) { crash_in_ = nth; }
  bool crashed() const { return crashes_ > 0; }
  int64_t points_passed() const { return points_; }

  // ---- what is so
  std::optional<Guest> Find(const GuestKey& key);
  Phase PhaseOf(const GuestKey& key);
  Reason ReasonOf(const GuestKey& key, ConditionType type = ConditionType::kEnrolled);
  // Enrolled in our record, in FreeIPA and in the guest.
  bool IsEnrolled(const GuestKey& key);
  // No password that a guest ever got opens a host whose attempt is over.
  bool HasLivePassword(const GuestKey& key);

  FakeClock clock;
  FakeGuestStore store;
  FakeInventory inventory;
  FakeRecorder recorder;
  FakeOperation operation;
  FakeLeadership leadership;
  WatchedIpa ipa;
  FakeDelivery delivery;

  Controller& controller() { return *controller_; }
  static Call AnyCall() { return Call::Within(std::chrono::minutes(1)); }

 private:
  struct Crash {};
  class CrashingStore;
  class CrashingDelivery;
  void Point();
  // A call to the world: the coordinator may die before it or after it took effect.
  template <class Work>
  auto At(Work&& work) {
    Point();
    auto result = work();
    Point();
    return result;
  }
  Seams MakeSeams();

  const Options options_;
  std::unique_ptr<Random> random_;
  std::unique_ptr<CrashingStore> crashing_store_;
  std::unique_ptr<CrashingDelivery> crashing_delivery_;
  std::unique_ptr<prometheus::Registry> registry_;
  std::unique_ptr<GuestMetrics> metrics_;
  std::unique_ptr<Controller> controller_;
  std::map<std::string, int> runs_;
  int next_uid_ = 1;
  int64_t crash_in_ = 0;
  int64_t points_ = 0;
  int crashes_ = 0;
};

}  // namespace innkeeper
