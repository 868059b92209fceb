// LibvirtHypervisor on a real libvirtd with emulated guests: the contract, and the bad days.

#include <signal.h>

#include <filesystem>
#include <future>

#include "vm/guest_agent/guest_agent.h"
#include "vm/libvirt/hypervisor_contract.h"
#include "vm/libvirt/libvirt_hypervisor.h"
#include "vm/testing/fake_hypervisor.h"
#include "vm/testing/libvirt_control.h"
#include "vm/testing/real_libvirt.h"

namespace innkeeper {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using enum AgentFailure;

constexpr char kPing[] = R"({"execute":"guest-ping"})";
constexpr char kPong[] = R"({"return":{}})";

// One daemon and one event loop for the whole program.
class RealEnvironment final : public testing::Environment {
 public:
  void SetUp() override {
    signal(SIGPIPE, SIG_IGN);
    loop_ = std::make_unique<LibvirtEventLoop>();
    ASSERT_TRUE(loop_->Start().ok());
    libvirt_ = std::make_unique<RealLibvirt>();
  }
  void TearDown() override {
    libvirt_.reset();
    loop_.reset();
  }
  static RealEnvironment& Get() { return *instance_; }
  RealLibvirt& libvirt() { return *libvirt_; }
  LibvirtEventLoop& loop() { return *loop_; }
  Random& random() { return random_; }
  std::unique_ptr<LibvirtHypervisor> NewHypervisor() {
    return LibvirtHypervisor::Create({.uri = libvirt_->uri(), .last_retry = seconds(2)}, *loop_,
                                     random_);
  }

 private:
  static RealEnvironment* const instance_;
  std::unique_ptr<LibvirtEventLoop> loop_;
  std::unique_ptr<RealLibvirt> libvirt_;
  SystemRandom random_;
};
RealEnvironment* const RealEnvironment::instance_ = static_cast<RealEnvironment*>(
    testing::AddGlobalTestEnvironment(new RealEnvironment));  // owned by the framework

class RealWorld final : public HypervisorWorld {
 public:
  Hypervisor& hypervisor() override { return *hypervisor_; }
  DomainId Define(const std::string& name) override {
    std::string xml = RealEnvironment::Get().libvirt().TinyGuest(name);
    const std::string mac = "mac address='";
    xml.replace(xml.find(mac) + mac.size(), 17, "52:54:00:12:34:56");
    return control_.Define(xml);
  }
  void Start(const DomainId& id) override { control_.Start(id); }
  void PowerOff(const DomainId& id) override { control_.PowerOff(id); }
  void Pause(const DomainId& id) override { control_.Pause(id); }
  void Resume(const DomainId& id) override { control_.Resume(id); }
  void Undefine(const DomainId& id) override { control_.Undefine(id); }
  void SetWish(const DomainId& id, const std::string& attributes) override {
    control_.SetWish(id, attributes);
  }

 private:
  LibvirtControl control_{RealEnvironment::Get().libvirt().uri()};
  std::unique_ptr<LibvirtHypervisor> hypervisor_ = RealEnvironment::Get().NewHypervisor();
};

INSTANTIATE_TEST_SUITE_P(Daemons, HypervisorContract,
                         testing::Values(NamedHypervisorWorld{
                             "Libvirtd", [] { return std::make_unique<RealWorld>(); }}),
                         [](const auto& world) { return world.param.name; });

class LibvirtRealTest : public testing::Test {
 protected:
  void SetUp() override {
    hypervisor_ = RealEnvironment::Get().NewHypervisor();
    hypervisor_->Subscribe([this](const HypervisorEvent& event) { events_.Push(event); });
    ASSERT_TRUE(hypervisor_->Start().ok());
    ASSERT_TRUE(Await(EventKind::kConnectionBack));
    control_.emplace(libvirt().uri());
  }
  void TearDown() override {
    if (!control_.has_value()) return;
    for (const auto& [name, id] : guests_) {
      if (const pid_t emulator = EmulatorOf(name)) kill(emulator, SIGCONT);
      control_->PowerOff(id);
      control_->Undefine(id);
    }
    hypervisor_->Stop();
  }
  static RealLibvirt& libvirt() { return RealEnvironment::Get().libvirt(); }
  static Call Soon() { return Call::Within(seconds(60)); }
  static pid_t EmulatorOf(const std::string& name) {
    return libvirt().Emulator(libvirt().Unique(name));
  }

  bool Await(EventKind kind, const DomainId& id = {}) {
    while (const auto event = events_.PopUntil(Soon().deadline, {})) {
      if (event->kind == kind && event->domain == id) return true;
    }
    return false;
  }
  DomainId Boot(const std::string& name, const std::vector<std::string>& options = {}) {
    const DomainId id = control_->Define(libvirt().TinyGuest(libvirt().Unique(name), options));
    guests_[name] = id;
    control_->Start(id);
    return id;
  }
  // Boots a guest and waits until its agent answers.
  DomainId BootReady(const std::string& name) {
    const DomainId id = Boot(name);
    EXPECT_TRUE(Await(EventKind::kAgentConnected, id));
    EXPECT_EQ(Ping(id), kPong);
    return id;
  }
  std::string Ping(const DomainId& id, Duration limit = seconds(60)) {
    const auto reply = hypervisor_->AgentCommand(id, kPing, 5, Call::Within(limit));
    return reply.ok() ? *reply : ToText(reply.status());
  }
  absl::Status PingStatus(const DomainId& id, Duration limit = seconds(60)) {
    return hypervisor_->AgentCommand(id, kPing, 5, Call::Within(limit)).status();
  }
  static size_t OpenDescriptors() {
    size_t count = 0;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::directory_iterator("/proc/self/fd")) {
      ++count;
    }
    return count;
  }

  BoundedQueue<HypervisorEvent> events_{1000};
  std::unique_ptr<LibvirtHypervisor> hypervisor_;
  std::optional<LibvirtControl> control_;
  std::map<std::string, DomainId> guests_;
};

TEST_F(LibvirtRealTest, AnAgentThatComesUpIsToldAndAnswers) {
  const DomainId id = BootReady("agent");
  const auto domain = hypervisor_->ReadDomain(id, Soon());
  ASSERT_TRUE(domain.ok()) << domain.status();
  EXPECT_EQ(domain->channel, AgentChannel::kConnected);
}

TEST_F(LibvirtRealTest, EachWayAnAgentCanBeAwayHasItsName) {
  EXPECT_EQ(FailureOf(PingStatus(RandomDomainId())), kDomainGone);
  const DomainId bare = Boot("bare", {"--no-agent"});
  EXPECT_EQ(FailureOf(PingStatus(bare)), kNoChannel);
  const DomainId id = Boot("slow");
  EXPECT_EQ(FailureOf(PingStatus(id)), kNotConnected) << "its kernel has just started";
  control_->Pause(id);
  EXPECT_EQ(FailureOf(PingStatus(id)), kNotRunning);
}

TEST_F(LibvirtRealTest, AKilledDaemonIsFoundAgainWithItsGuests) {
  const DomainId id = BootReady("survivor");
  const size_t descriptors = OpenDescriptors();
  for (int round = 0; round < 3; ++round) {
    libvirt().Kill();
    ASSERT_TRUE(Await(EventKind::kConnectionLost));
    EXPECT_FALSE(hypervisor_->connected());
    EXPECT_TRUE(absl::IsUnavailable(hypervisor_->ListDomains(Soon()).status()));
    EXPECT_EQ(FailureOf(PingStatus(id)), kDaemonLost);
    libvirt().Start();
    ASSERT_TRUE(Await(EventKind::kConnectionBack));
    const auto domain = hypervisor_->ReadDomain(id, Soon());
    ASSERT_TRUE(domain.ok()) << domain.status();
    EXPECT_EQ(domain->run_state, RunState::kRunning);
    EXPECT_EQ(Ping(id), kPong);
  }
  control_.emplace(libvirt().uri());
  EXPECT_LE(OpenDescriptors(), descriptors) << "reconnecting leaks";
}

TEST_F(LibvirtRealTest, AStoppedDaemonCostsNoMoreThanTheDeadline) {
  libvirt().Pause();
  const auto start = std::chrono::steady_clock::now();
  const absl::Status status = hypervisor_->ListDomains(Call::Within(seconds(1))).status();
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
  EXPECT_LT(took, seconds(3));
  EXPECT_TRUE(Await(EventKind::kConnectionLost)) << "the cut connection is given up";
  libvirt().Resume();
  EXPECT_TRUE(Await(EventKind::kConnectionBack));
}

TEST_F(LibvirtRealTest, StoppingDoesNotWaitForAStoppedDaemon) {
  libvirt().Pause();
  const auto start = std::chrono::steady_clock::now();
  hypervisor_->Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(8));
  libvirt().Resume();
}

TEST_F(LibvirtRealTest, AFrozenEmulatorIsUnresponsiveAndDelaysNobodyElse) {
  const DomainId frozen = BootReady("frozen"), well = BootReady("well");
  kill(EmulatorOf("frozen"), SIGSTOP);
  std::vector<std::future<absl::Status>> stuck;
  for (int i = 0; i < 6; ++i) {  // more than a connection carries
    stuck.push_back(std::async(std::launch::async, [&] { return PingStatus(frozen, seconds(8)); }));
  }
  for (int i = 0; i < 20; ++i) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(Ping(well), kPong);
    EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(2));
    const auto sweep = hypervisor_->Sweep(Call::Within(seconds(2)));
    EXPECT_TRUE(sweep.ok()) << sweep.status();
  }
  bool unresponsive = false;
  for (auto& call : stuck) {
    const absl::Status status = call.get();
    EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
    unresponsive |= FailureOf(status) == kUnresponsive;
  }
  EXPECT_TRUE(unresponsive);
  EXPECT_TRUE(hypervisor_->connected());
}

TEST_F(LibvirtRealTest, AnAgentCallIsCutAtItsDeadlineOrStopAndOnlyIt) {
  const DomainId frozen = BootReady("cut");
  kill(EmulatorOf("cut"), SIGSTOP);
  const auto start = std::chrono::steady_clock::now();
  const absl::Status late = PingStatus(frozen, milliseconds(500));
  EXPECT_TRUE(absl::IsDeadlineExceeded(late)) << late;
  EXPECT_EQ(FailureOf(late), kNone) << "half a second says nothing about the guest";
  EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(2));
  EXPECT_EQ(hypervisor_->counts().agent_calls_cut, 1u);
  std::stop_source stop;
  auto call = std::async(std::launch::async, [&] {
    return hypervisor_->AgentCommand(frozen, kPing, 5, Call::Within(seconds(60), stop.get_token()))
        .status();
  });
  while (hypervisor_->counts().agent_calls_in_flight == 0) std::this_thread::yield();
  stop.request_stop();
  const absl::Status stopped = call.get();
  EXPECT_TRUE(absl::IsCancelled(stopped)) << stopped;
  EXPECT_TRUE(hypervisor_->connected());
}

class HostileGuestTest : public LibvirtRealTest, public testing::WithParamInterface<const char*> {};

TEST_P(HostileGuestTest, CostsATimeLimitAndNeverMore) {
  const std::string mode = GetParam();
  const DomainId hostile = Boot("hostile-" + mode, {"--hostile", mode});
  EXPECT_TRUE(Await(EventKind::kAgentConnected, hostile));
  for (int i = 0; i < 2; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const auto reply = hypervisor_->AgentCommand(hostile, kPing, 5, Call::Within(seconds(20)));
    EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(12)) << mode;
    if (reply.ok()) {
      EXPECT_LE(reply->size(), 4u * 1024 * 1024) << mode;
    } else {
      EXPECT_NE(FailureOf(reply.status()), kNone) << mode << ": " << reply.status();
      EXPECT_NE(FailureOf(reply.status()), kDaemonLost) << mode << ": " << reply.status();
    }
  }
  EXPECT_TRUE(hypervisor_->connected());
  EXPECT_TRUE(hypervisor_->Sweep(Call::Within(seconds(2))).ok());
}

INSTANTIATE_TEST_SUITE_P(Modes, HostileGuestTest,
                         testing::Values("silent", "flood", "shapes", "utf8", "slow", "deep",
                                         "double"),
                         [](const auto& mode) { return std::string(mode.param); });

}  // namespace
}  // namespace innkeeper
