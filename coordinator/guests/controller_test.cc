// The controller with its own threads and the real clock.
#include "coordinator/guests/controller.h"

#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <condition_variable>
#include <mutex>

#include "base/metrics.h"
#include "coordinator/guests/testing/fake_delivery.h"
#include "coordinator/guests/testing/fake_guest_store.h"
#include "coordinator/guests/testing/fake_home.h"
#include "coordinator/guests/testing/fake_inventory.h"
#include "coordinator/guests/testing/fake_ipa_client.h"

namespace innkeeper {
namespace {

constexpr auto kPatience = std::chrono::seconds(60);

// Reads of one key throw: our own bug, or a library's.
class PoisonedStore final : public GuestStore {
 public:
  explicit PoisonedStore(GuestStore& store) : store_(store) {}
  absl::StatusOr<Guest> Create(Guest guest, const Call& call) override {
    return store_.Create(std::move(guest), call);
  }
  absl::StatusOr<Guest> Get(const GuestKey& key, const Call& call) override {
    if (key.name == "poison") throw std::runtime_error("poison");
    return store_.Get(key, call);
  }
  absl::StatusOr<Guest> GetByUid(const VmUid& uid, const Call& call) override {
    return store_.GetByUid(uid, call);
  }
  absl::StatusOr<int64_t> UpdateSpec(const Guest& guest, const Call& call) override {
    return store_.UpdateSpec(guest, call);
  }
  absl::StatusOr<int64_t> UpdateStatus(const Guest& guest, const Call& call) override {
    return store_.UpdateStatus(guest, call);
  }
  absl::StatusOr<int64_t> MarkDeleting(const Guest& guest, const Call& call) override {
    return store_.MarkDeleting(guest, call);
  }
  absl::StatusOr<int64_t> Rebind(const Guest& guest, const VmUid& uid, const Call& call) override {
    return store_.Rebind(guest, uid, call);
  }
  absl::Status Delete(const GuestKey& key, int64_t version, const Call& call) override {
    return store_.Delete(key, version, call);
  }
  absl::StatusOr<std::vector<Guest>> List(const std::optional<GuestKey>& after, size_t limit,
                                          const Call& call) override {
    return store_.List(after, limit, call);
  }
  void OnChange(std::function<void(const GuestKey&)> changed) override {
    store_.OnChange(std::move(changed));
  }

 private:
  GuestStore& store_;
};

class ControllerTest : public testing::Test {
 protected:
  ControllerTest()
      : inventory_(clock_),
        recorder_(clock_),
        operation_(clock_, 10, absl::Hours(1)),
        ipa_({"c1"}, clock_),
        delivery_(inventory_, clock_, {}),
        metrics_(registry_) {
    // A host is registered before its guest's status says so, which tells this.
    store_.OnChange([this](const GuestKey&) {
      const std::scoped_lock lock(mutex_);
      changed_.notify_all();
    });
  }

  std::unique_ptr<Controller> MakeController(size_t workers) {
    IdentitySettings settings;
    settings.cluster = {"c1"};
    settings.naming.domain = "example.test";
    Controller::Options options;
    options.workers = workers;
    options.retry = {std::chrono::milliseconds(5), std::chrono::milliseconds(50)};
    return std::make_unique<Controller>(Seams{poisoned_, inventory_, delivery_, recorder_,
                                              operation_, leadership_, ipa_, clock_, random_},
                                        settings, metrics_, options);
  }

  void AddVm(const std::string& name, VmRun run = VmRun::kOff) {
    VmRecord vm;
    vm.uid = {"uid-" + name};
    vm.key = {"lab", name};
    vm.wish = Wish::kYes;
    vm.run = run;
    vm.agent = run == VmRun::kRunning ? VmAgent::kConnected : VmAgent::kUnknown;
    vm.node_connected = true;
    inventory_.Set(std::move(vm));
  }

  // Waits until FreeIPA has so many hosts: each guest that is off gets one, without a password.
  bool WaitForHosts(size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, std::chrono::steady_clock::now() + kPatience,
                               [&] { return ipa_.host_count() >= count; });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  RealClock clock_;
  SystemRandom random_;
  prometheus::Registry registry_;
  FakeGuestStore store_;
  PoisonedStore poisoned_{store_};
  FakeInventory inventory_;
  FakeRecorder recorder_;
  FakeOperation operation_;
  FakeLeadership leadership_;
  FakeIpaClient ipa_;
  FakeDelivery delivery_;
  GuestMetrics metrics_;
};

TEST_F(ControllerTest, ManyWorkersRegisterManyGuestsOnceEach) {
  const auto controller = MakeController(8);
  for (int i = 0; i < 100; ++i) AddVm("vm" + std::to_string(i));
  ASSERT_TRUE(controller->Start(Call::Within(kPatience)).ok());
  EXPECT_TRUE(WaitForHosts(100));
  controller->Stop();
  EXPECT_EQ(ipa_.passwords_issued(), 0u);
}

TEST_F(ControllerTest, APoisonKeyDoesNotStopTheQueue) {
  const auto controller = MakeController(1);
  AddVm("poison");
  for (int i = 0; i < 10; ++i) AddVm("vm" + std::to_string(i));
  ASSERT_TRUE(controller->Start(Call::Within(kPatience)).ok());
  EXPECT_TRUE(WaitForHosts(10));
  controller->Stop();
  EXPECT_NE(MetricsText(registry_).find("innkeeper_reconcile_total{outcome=\"retry\"}"),
            std::string::npos);
}

// Another worker is told of each write before the pass that made it goes on: a real store's
// callback comes from the store's own thread.
TEST_F(ControllerTest, APassThatWroteAndFailedIsNotRunAgainAtOnce) {
  const auto controller = MakeController(1);
  const Call call = Call::Within(kPatience);
  store_.OnChange([&](const GuestKey&) {
    while (controller->RunOne(call)) continue;
  });
  ipa_.FailAll(absl::PermissionDeniedError("no right to add hosts"));
  AddVm("web", VmRun::kRunning);
  int runs = 0;
  while (runs < 100 && controller->RunOne(call)) ++runs;
  ASSERT_LT(runs, 20);
  EXPECT_EQ(store_.Get({"lab", "web"}, call)->status.phase, Phase::kWaiting);
}

TEST_F(ControllerTest, APassThatHungUntilItsDeadlineStillSaysWhy) {
  const auto controller = MakeController(1);
  ipa_.HangWrites();
  AddVm("web", VmRun::kRunning);
  for (int i = 0; i < 3; ++i) controller->RunOne(Call::Within(std::chrono::milliseconds(400)));
  const absl::StatusOr<Guest> guest = store_.Get({"lab", "web"}, Call::Within(kPatience));
  ASSERT_TRUE(guest.ok());
  const auto enrolled = guest->status.conditions.find(ConditionType::kEnrolled);
  ASSERT_NE(enrolled, guest->status.conditions.end());
  EXPECT_EQ(enrolled->second.reason, Reason::kIpaUnavailable);
  EXPECT_TRUE(guest->status.unsure_until.has_value()) << "a late answer must be expected";
}

TEST_F(ControllerTest, AHomeThatOutlivesItMayStillTell) {
  { const auto controller = MakeController(1); }
  AddVm("web");
  EXPECT_EQ(ipa_.host_count(), 0u);
}

TEST_F(ControllerTest, MetricsAreBornAtZero) {
  const auto controller = MakeController(1);
  controller->UpdateMetrics();
  const std::string text = MetricsText(registry_);
  for (const char* series :
       {"innkeeper_guests{phase=\"Enrolled\"} 0",
        "innkeeper_reconcile_total{outcome=\"terminal\"} 0",
        "innkeeper_enrolments_total{result=\"enrolled\"} 0", "innkeeper_enrolment_seconds_count 0",
        "innkeeper_removals_total{result=\"held\"} 0", "innkeeper_queue_ready 0"})
    EXPECT_NE(text.find(series), std::string::npos) << series << "\n" << text;
}

}  // namespace
}  // namespace innkeeper
