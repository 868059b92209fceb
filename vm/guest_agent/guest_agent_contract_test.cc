#include "vm/guest_agent/guest_agent_contract.h"

#include "vm/guest_agent/qga_client.h"
#include "vm/testing/fake_guest_agent.h"
#include "vm/testing/genuine_guest.h"
#include "vm/testing/genuine_hypervisor.h"

namespace innkeeper {
namespace {

absl::StatusOr<GuestExit> Play(const GuestCommand& command) {
  if (command.path == "echo") {
    return GuestExit{false, 3, std::string(command.input.Reveal()), "oops", false};
  }
  if (command.path == "loud") return GuestExit{false, 0, std::string(kOutputCap, 'x'), "", true};
  if (command.path == "killed") return GuestExit{true, 9, "", "", false};
  if (command.path == "slow") return GuestExit{};
  return AgentError(AgentFailure::kNotFound, command.path);
}

class FakeWorld final : public GuestWorld {
 public:
  FakeWorld() {
    FakeGuest guest;
    guest.host_name = "web";
    guest.run = Play;
    guest.polls_until_exit = 1;
    agent_.Add(id_, std::move(guest));
  }
  GuestAgent& agent() override { return agent_; }
  DomainId id() override { return id_; }
  DomainId unknown_id() override { return RandomDomainId(); }
  std::string host_name() override { return "web"; }
  GuestCommand Program(GuestProgram program) override {
    switch (program) {
      case GuestProgram::kEchoThenFail:
        return {"echo", {}, {}, Secret()};
      case GuestProgram::kLoud:
        return {"loud", {}, {}, Secret()};
      case GuestProgram::kKilled:
        return {"killed", {}, {}, Secret()};
      case GuestProgram::kSlow:
        return {"slow", {}, {}, Secret()};
      case GuestProgram::kMissing:
        break;
    }
    return {"missing", {}, {}, Secret()};
  }
  void WriteFile(const std::string& path, const std::string& content) override {
    agent_.With(id_, [&](FakeGuest& guest) { guest.files[path] = content; });
  }
  void Freeze() override { agent_.Freeze(id_); }
  void Thaw() override { agent_.Thaw(id_); }

 private:
  const DomainId id_ = RandomDomainId();
  FakeGuestAgent agent_;
};

class GenuineWorld final : public GuestWorld {
 public:
  explicit GenuineWorld(std::unique_ptr<GenuineGuest> guest) : guest_(std::move(guest)) {
    EXPECT_TRUE(hypervisor_.fake().Start().ok());
    hypervisor_.Add(domain_, guest_->socket());
  }
  GuestAgent& agent() override { return client_; }
  DomainId id() override { return id_; }
  DomainId unknown_id() override { return RandomDomainId(); }
  std::string host_name() override { return "web"; }
  GuestCommand Program(GuestProgram program) override { return ShellProgram(program); }
  void WriteFile(const std::string& path, const std::string& content) override {
    guest_->WriteFile(path, content);
  }
  void Freeze() override { guest_->Freeze(); }
  void Thaw() override { guest_->Thaw(); }
  bool ClockMaySet() override { return false; }

 private:
  const DomainState domain_ = NewDomain("web");
  const DomainId id_ = domain_.id;
  const std::unique_ptr<GenuineGuest> guest_;
  GenuineHypervisor hypervisor_;
  QgaClient client_{hypervisor_.fake()};
};

std::unique_ptr<GuestWorld> MakeGenuineWorld() {
  auto guest = GenuineGuest::Start({"web", {}, false}, Call::Within(std::chrono::seconds(30)));
  EXPECT_TRUE(guest.ok()) << guest.status();
  if (!guest.ok()) return nullptr;
  return std::make_unique<GenuineWorld>(*std::move(guest));
}

INSTANTIATE_TEST_SUITE_P(
    Guests, GuestAgentContract,
    testing::Values(NamedGuestWorld{"Fake", [] { return std::make_unique<FakeWorld>(); }},
                    NamedGuestWorld{"GenuineAgent", MakeGenuineWorld}),
    [](const auto& world) { return world.param.name; });

}  // namespace
}  // namespace innkeeper
