#include "coordinator/guests/testing/guest_world.h"

#include <prometheus/registry.h>

#include <utility>

#include "coordinator/guests/names.h"
#include "coordinator/guests/plan_parts.h"

namespace innkeeper {
namespace {

constexpr char kCluster[] = "c1";

// The same sequence for the same seed.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed * 2654435761u + 88172645463325252ull) {}
  uint64_t Below(uint64_t bound) override {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_ % bound;
  }

 private:
  uint64_t state_;
};

}  // namespace

// Passes everything on, and is where the coordinator may die.
class GuestWorld::CrashingStore final : public GuestStore {
 public:
  explicit CrashingStore(GuestWorld& world) : world_(world) {}
  absl::StatusOr<Guest> Create(Guest guest, const Call& call) override {
    return world_.At([&] { return world_.store.Create(std::move(guest), call); });
  }
  absl::StatusOr<Guest> Get(const GuestKey& key, const Call& call) override {
    return world_.store.Get(key, call);
  }
  absl::StatusOr<Guest> GetByUid(const VmUid& uid, const Call& call) override {
    return world_.store.GetByUid(uid, call);
  }
  absl::StatusOr<int64_t> UpdateSpec(const Guest& guest, const Call& call) override {
    return world_.store.UpdateSpec(guest, call);
  }
  absl::StatusOr<int64_t> UpdateStatus(const Guest& guest, const Call& call) override {
    return world_.At([&] { return world_.store.UpdateStatus(guest, call); });
  }
  absl::StatusOr<int64_t> MarkDeleting(const Guest& guest, const Call& call) override {
    return world_.At([&] { return world_.store.MarkDeleting(guest, call); });
  }
  absl::StatusOr<int64_t> Rebind(const Guest& guest, const VmUid& uid, const Call& call) override {
    return world_.At([&] { return world_.store.Rebind(guest, uid, call); });
  }
  absl::Status Delete(const GuestKey& key, int64_t version, const Call& call) override {
    return world_.At([&] { return world_.store.Delete(key, version, call); });
  }
  absl::StatusOr<std::vector<Guest>> List(const std::optional<GuestKey>& after, size_t limit,
                                          const Call& call) override {
    return world_.store.List(after, limit, call);
  }
  void OnChange(std::function<void(const GuestKey&)> changed) override {
    world_.store.OnChange(std::move(changed));
  }

 private:
  GuestWorld& world_;
};

class GuestWorld::CrashingDelivery final : public Delivery {
 public:
  explicit CrashingDelivery(GuestWorld& world) : world_(world) {}
  absl::Status Join(JoinJob job, const Call& call) override {
    return world_.At([&] { return world_.delivery.Join(std::move(job), call); });
  }
  absl::Status ClearDisk(const VmUid& uid, bool enrolled, const Call& call) override {
    return world_.At([&] { return world_.delivery.ClearDisk(uid, enrolled, call); });
  }
  absl::Status Verify(const VmUid& uid, const Fqdn& fqdn, const std::string& order,
                      const Call& call) override {
    return world_.At([&] { return world_.delivery.Verify(uid, fqdn, order, call); });
  }
  absl::Status Leave(const VmUid& uid, const Fqdn& fqdn, const std::string& order,
                     const Call& call) override {
    return world_.At([&] { return world_.delivery.Leave(uid, fqdn, order, call); });
  }
  absl::Status Inspect(const VmUid& uid, const std::string& order, const Call& call) override {
    return world_.delivery.Inspect(uid, order, call);
  }
  void Cancel(const VmUid& uid, const std::string& order) override {
    world_.Point();
    world_.delivery.Cancel(uid, order);
  }
  void Acknowledge(const VmUid& uid, const std::string& order) override {
    world_.Point();
    world_.delivery.Acknowledge(uid, order);
    world_.Point();
  }

 private:
  GuestWorld& world_;
};

GuestWorld::GuestWorld(Options options)
    : inventory(clock),
      recorder(clock),
      operation(clock, options.removals_allowed, absl::Hours(1)),
      ipa(ClusterId{kCluster}, clock),
      delivery(inventory, clock,
               {[this](const Fqdn& fqdn, const Secret& otp) { return ipa.Join(fqdn, otp); },
                [this](const Fqdn& fqdn, int64_t kvno) { return ipa.AcceptsKey(fqdn, kvno); },
                [this](const Fqdn& fqdn, int64_t kvno) { ipa.Leave(fqdn, kvno); }}),
      options_(std::move(options)),
      random_(std::make_unique<SeededRandom>(options_.seed)),
      crashing_store_(std::make_unique<CrashingStore>(*this)),
      crashing_delivery_(std::make_unique<CrashingDelivery>(*this)) {
  ipa.on_call = [this] { Point(); };
  Restart();
}

GuestWorld::~GuestWorld() = default;

void GuestWorld::Point() {
  ++points_;
  if (crash_in_ > 0 && --crash_in_ == 0) throw Crash{};
}

Seams GuestWorld::MakeSeams() {
  return {
      *crashing_store_, inventory, *crashing_delivery_, recorder, operation, leadership, ipa, clock,
      *random_};
}

void GuestWorld::Restart() {
  controller_.reset();
  store.ForgetListeners();
  inventory.ForgetListeners();
  operation.ForgetListeners();
  registry_ = std::make_unique<prometheus::Registry>();
  metrics_ = std::make_unique<GuestMetrics>(*registry_);
  leadership.term = "term-" + std::to_string(++crashes_);
  IdentitySettings settings;
  settings.cluster = {kCluster};
  settings.policy = options_.policy;
  settings.timings = options_.timings;
  settings.naming = {"example.test", 64};
  controller_ =
      std::make_unique<Controller>(MakeSeams(), settings, *metrics_, Controller::Options{});
  delivery.Retell();
  static_cast<void>(controller_->Load(AnyCall()));
}

void GuestWorld::Settle() {
  try {
    // A core that never comes to rest would hang the test: this is far more than any story needs.
    for (int i = 0; i < 10'000; ++i) {
      while (controller_->RunOne(AnyCall())) {
      }
      if (!delivery.Work()) return;
    }
  } catch (const Crash&) {
    Restart();
    Settle();
  }
}

void GuestWorld::Pass(Duration time, Duration step) {
  for (Duration passed = Duration::zero(); passed < time; passed += step) {
    clock.Advance(step);
    ipa.directory().DeliverLateWrites();
    Settle();
  }
}

bool GuestWorld::PassUntil(const std::function<bool()>& so, Duration most) {
  constexpr Duration kStep = std::chrono::seconds(5);
  Settle();
  for (Duration passed = Duration::zero(); passed < most && !so(); passed += kStep) Pass(kStep);
  return so();
}

VmUid GuestWorld::AddVm(const std::string& name, Wish wish) {
  VmRecord vm;
  vm.uid = {"00000000-0000-4000-8000-" + std::to_string(100000000000 + next_uid_++)};
  vm.key = {"lab", name};
  vm.node = {"host1"};
  vm.node_connected = true;
  vm.run = VmRun::kRunning;
  vm.run_id = "run-" + std::to_string(++runs_[vm.uid.text]);
  vm.agent = VmAgent::kConnected;
  vm.wish = wish;
  const VmUid uid = vm.uid;
  inventory.Set(std::move(vm));
  return uid;
}

void GuestWorld::Change(const VmUid& uid, const std::function<void(VmRecord&)>& change) {
  std::optional<VmRecord> vm = inventory.Find(uid);
  if (!vm) return;
  change(*vm);
  inventory.Set(*std::move(vm));
}

void GuestWorld::Reboot(const VmUid& uid) {
  delivery.LoseOrders(uid);
  Change(uid, [&](VmRecord& vm) {
    vm.run = VmRun::kRunning;
    vm.agent = VmAgent::kConnected;
    vm.run_id = "run-" + std::to_string(++runs_[uid.text]);
  });
}

VmUid GuestWorld::AddBootVm(const std::string& name) {
  const VmUid uid = AddVm(name, Wish::kUnset);
  PowerOff(uid);
  Change(uid, [](VmRecord& vm) {
    vm.joins_at_boot = true;
    vm.wish = Wish::kYes;
  });
  return uid;
}

void GuestWorld::Start(const VmUid& uid, VmAgent agent) {
  delivery.ReadDisk(uid);
  Change(uid, [&](VmRecord& vm) {
    vm.run = VmRun::kRunning;
    vm.run_since = clock.Now();
    vm.run_id = "run-" + std::to_string(++runs_[uid.text]);
    vm.agent = agent;
  });
}

void GuestWorld::PowerOff(const VmUid& uid) {
  delivery.LoseOrders(uid);
  Change(uid, [](VmRecord& vm) {
    vm.run = VmRun::kOff;
    vm.run_id.clear();
    vm.agent = VmAgent::kDisconnected;
  });
}

void GuestWorld::ChangeSpec(const GuestKey& key, const std::function<void(IdentitySpec&)>& change) {
  absl::StatusOr<Guest> guest = store.Get(key, AnyCall());
  if (!guest.ok()) return;
  change(guest->spec);
  static_cast<void>(store.UpdateSpec(*guest, AnyCall()));
}

std::optional<Guest> GuestWorld::Find(const GuestKey& key) {
  absl::StatusOr<Guest> guest = store.Get(key, AnyCall());
  return guest.ok() ? std::optional(*std::move(guest)) : std::nullopt;
}

Phase GuestWorld::PhaseOf(const GuestKey& key) {
  const std::optional<Guest> guest = Find(key);
  return guest ? guest->status.phase : Phase::kNotEnrolled;
}

Reason GuestWorld::ReasonOf(const GuestKey& key, ConditionType type) {
  const std::optional<Guest> guest = Find(key);
  if (!guest || !guest->status.conditions.contains(type)) return Reason::kInternal;
  return guest->status.conditions.at(type).reason;
}

bool GuestWorld::IsEnrolled(const GuestKey& key) {
  const std::optional<Guest> guest = Find(key);
  if (!guest || guest->status.phase != Phase::kEnrolled) return false;
  const std::optional<FakeDelivery::Key>& held = delivery.KeyOf(guest->uid);
  return held && held->fqdn == guest->status.fqdn && ipa.AcceptsKey(held->fqdn, held->kvno);
}

bool GuestWorld::HasLivePassword(const GuestKey& key) {
  const std::optional<Guest> guest = Find(key);
  if (!guest || guest->status.attempt) return false;
  const std::string waiting = ipa.directory().WaitingPassword(guest->status.fqdn);
  return !waiting.empty() && delivery.delivered_passwords().contains(waiting);
}

}  // namespace innkeeper
