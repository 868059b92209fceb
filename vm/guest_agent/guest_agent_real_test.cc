// The contract on QgaClient over a real libvirtd and an emulated guest with a genuine agent. One
// guest serves all of it: it boots once.

#include <signal.h>

#include <filesystem>
#include <map>

#include "base/bounded_queue.h"
#include "base/testing/temp_dir.h"
#include "nlohmann/json.hpp"
#include "vm/guest_agent/guest_agent_contract.h"
#include "vm/guest_agent/qga_client.h"
#include "vm/libvirt/libvirt_hypervisor.h"
#include "vm/testing/fake_hypervisor.h"
#include "vm/testing/libvirt_control.h"
#include "vm/testing/real_libvirt.h"

namespace innkeeper {
namespace {

using std::chrono::seconds;

// A daemon, and guests that boot when first asked for.
class RealGuests final : public testing::Environment {
 public:
  void SetUp() override {
    signal(SIGPIPE, SIG_IGN);
    loop_ = std::make_unique<LibvirtEventLoop>();
    ASSERT_TRUE(loop_->Start().ok());
    libvirt_ = std::make_unique<RealLibvirt>();
    control_ = std::make_unique<LibvirtControl>(libvirt_->uri());
    hypervisor_ = LibvirtHypervisor::Create({.uri = libvirt_->uri()}, *loop_, random_);
    hypervisor_->Subscribe([this](const HypervisorEvent& event) { events_.Push(event); });
    ASSERT_TRUE(hypervisor_->Start().ok());
    ASSERT_TRUE(Await(HypervisorEvent::Kind::kConnectionBack, {}));
  }
  void TearDown() override {
    hypervisor_.reset();
    control_.reset();
    libvirt_.reset();
    loop_.reset();
  }
  static RealGuests& Get() { return *instance_; }

  DomainId Boot(const std::string& name, const std::vector<std::string>& options = {}) {
    const auto known = guests_.find(name);
    if (known != guests_.end()) return known->second;
    const DomainId id = control_->Define(libvirt_->TinyGuest(libvirt_->Unique(name), options));
    control_->Start(id);
    EXPECT_TRUE(Await(HypervisorEvent::Kind::kAgentConnected, id));
    return guests_[name] = id;
  }
  Hypervisor& hypervisor() { return *hypervisor_; }
  RealLibvirt& libvirt() { return *libvirt_; }

 private:
  bool Await(HypervisorEvent::Kind kind, const DomainId& id) {
    const Call call = Call::Within(seconds(60));
    while (const auto event = events_.PopUntil(call.deadline, {})) {
      if (event->kind == kind && event->domain == id) return true;
    }
    return false;
  }

  static RealGuests* const instance_;
  SystemRandom random_;
  BoundedQueue<HypervisorEvent> events_{1000};
  std::unique_ptr<LibvirtEventLoop> loop_;
  std::unique_ptr<RealLibvirt> libvirt_;
  std::unique_ptr<LibvirtControl> control_;
  std::unique_ptr<LibvirtHypervisor> hypervisor_;
  std::map<std::string, DomainId> guests_;
};
RealGuests* const RealGuests::instance_ = static_cast<RealGuests*>(
    testing::AddGlobalTestEnvironment(new RealGuests));  // owned by the framework

// The agent sets the clock only where there is a hwclock; busybox has it under another path.
std::string Overlay() {
  static const TempDir folder;
  const std::string program = folder.Write("sbin/hwclock", "#!/bin/sh\nexit 0\n");
  std::filesystem::permissions(program, std::filesystem::perms(0755));
  return folder.path();
}

class TinyWorld final : public GuestWorld {
 public:
  ~TinyWorld() override { Thaw(); }
  GuestAgent& agent() override { return client_; }
  DomainId id() override { return id_; }
  DomainId unknown_id() override { return RandomDomainId(); }
  std::string host_name() override { return RealGuests::Get().libvirt().Unique("tiny"); }
  GuestCommand Program(GuestProgram program) override {
    // busybox has no sleep of half a second everywhere; usleep it has.
    if (program == GuestProgram::kSlow) {
      return {"/bin/busybox", {"usleep", "500000"}, {}, Secret()};
    }
    return ShellProgram(program);
  }
  void WriteFile(const std::string& path, const std::string& content) override {
    const std::string folder = path.substr(0, path.rfind('/'));
    Run("mkdir -p '" + folder + "'; : >'" + path + "'", "");
    for (size_t at = 0; at < content.size(); at += kInputCap) {
      Run("cat >>'" + path + "'", content.substr(at, kInputCap));
    }
  }
  void Freeze() override { Signal(SIGSTOP); }
  void Thaw() override { Signal(SIGCONT); }

 private:
  static void Signal(int signal) {
    const RealLibvirt& libvirt = RealGuests::Get().libvirt();
    if (const pid_t emulator = libvirt.Emulator(libvirt.Unique("tiny"))) kill(emulator, signal);
  }
  void Run(const std::string& script, const std::string& input) {
    const Call call = Call::Within(seconds(60));
    const auto pid =
        client_.Start(id_, {"/bin/sh", {"-c", script}, {"PATH=/bin"}, Secret(input)}, call);
    ASSERT_TRUE(pid.ok()) << pid.status();
    const auto exit = client_.Await(id_, *pid, {}, call);
    ASSERT_TRUE(exit.ok()) << exit.status();
    ASSERT_EQ(exit->code, 0) << exit->err;
  }

  const DomainId id_ = RealGuests::Get().Boot("tiny", {"--overlay", Overlay()});
  QgaClient client_{RealGuests::Get().hypervisor()};
};

INSTANTIATE_TEST_SUITE_P(Guests, GuestAgentContract,
                         testing::Values(NamedGuestWorld{
                             "TinyGuest", [] { return std::make_unique<TinyWorld>(); }}),
                         [](const auto& world) { return world.param.name; });

TEST(GuestAgentRealTest, AGuestThatForbidsExecIsToldApart) {
  const DomainId id = RealGuests::Get().Boot("strict", {"--block", "guest-exec,guest-file-open"});
  QgaClient client(RealGuests::Get().hypervisor());
  const auto abilities = client.Abilities(id, Call::Within(seconds(60)));
  ASSERT_TRUE(abilities.ok()) << abilities.status();
  EXPECT_FALSE(abilities->exec);
  EXPECT_FALSE(abilities->file_read);
  EXPECT_FALSE(abilities->frozen);
  EXPECT_EQ(
      FailureOf(
          client.Start(id, {"/bin/true", {}, {}, Secret()}, Call::Within(seconds(60))).status()),
      AgentFailure::kBlocked);
}

class HostileGuestTest : public testing::TestWithParam<const char*> {};

TEST_P(HostileGuestTest, NoLieBecomesAResult) {
  const std::string mode = GetParam();
  const DomainId id = RealGuests::Get().Boot("hostile-" + mode, {"--hostile", mode});
  QgaClient client(RealGuests::Get().hypervisor());
  for (int i = 0; i < 2; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const absl::Status status = client.HostName(id, Call::Within(seconds(20))).status();
    EXPECT_NE(FailureOf(status), AgentFailure::kNone) << mode << ": " << status;
    EXPECT_NE(FailureOf(status), AgentFailure::kDaemonLost) << mode << ": " << status;
    EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(12)) << mode;
  }
  EXPECT_TRUE(RealGuests::Get().hypervisor().connected());
}

INSTANTIATE_TEST_SUITE_P(Modes, HostileGuestTest,
                         testing::Values("silent", "flood", "shapes", "utf8", "slow", "deep"),
                         [](const auto& mode) { return std::string(mode.param); });

// What an attentive administrator of a guest can do is answer twice: the second answer meets a
// command that it does not fit.
TEST(GuestAgentRealTest, ASecondAnswerDoesNotPassForTheNextCommands) {
  const DomainId id = RealGuests::Get().Boot("hostile-double", {"--hostile", "double"});
  QgaClient client(RealGuests::Get().hypervisor());
  for (int i = 0; i < 4; ++i) {
    const auto pid = client.Start(id, {"/bin/true", {}, {}, Secret()}, Call::Within(seconds(20)));
    EXPECT_FALSE(pid.ok() && *pid <= 0);
    const absl::Status status = client.Abilities(id, Call::Within(seconds(20))).status();
    EXPECT_NE(FailureOf(status), AgentFailure::kDaemonLost) << status;
  }
}

}  // namespace
}  // namespace innkeeper
