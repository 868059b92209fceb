#pragma once
// What every Hypervisor keeps. A test program instantiates HypervisorContract with worlds that own
// the daemon's side of it.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "base/bounded_queue.h"
#include "vm/hypervisor.h"

namespace innkeeper {

class HypervisorWorld {
 public:
  virtual ~HypervisorWorld() = default;
  virtual Hypervisor& hypervisor() = 0;
  // The daemon's side, by other means than the Hypervisor. Domains are small, have an agent's
  // channel and one MAC, 52:54:00:12:34:56.
  virtual DomainId Define(const std::string& name) = 0;
  virtual void Start(const DomainId& id) = 0;
  virtual void PowerOff(const DomainId& id) = 0;
  virtual void Pause(const DomainId& id) = 0;
  virtual void Resume(const DomainId& id) = 0;
  virtual void Undefine(const DomainId& id) = 0;
  // <guest enroll="yes" fqdn=.../>, or whatever else stands in `attributes`.
  virtual void SetWish(const DomainId& id, const std::string& attributes) = 0;
};

struct NamedHypervisorWorld {
  std::string name;
  std::function<std::unique_ptr<HypervisorWorld>()> make;
};
inline void PrintTo(const NamedHypervisorWorld& world, std::ostream* out) { *out << world.name; }

class HypervisorContract : public testing::TestWithParam<NamedHypervisorWorld> {
 protected:
  void SetUp() override {
    world_ = GetParam().make();
    ASSERT_NE(world_, nullptr);
    hypervisor().Subscribe([this](const HypervisorEvent& event) { events_.Push(event); });
    ASSERT_TRUE(hypervisor().Start().ok());
    ASSERT_TRUE(Await(HypervisorEvent::Kind::kConnectionBack, {}));
  }
  void TearDown() override {
    if (world_ != nullptr) hypervisor().Stop();
  }
  static Call Soon() { return Call::Within(std::chrono::seconds(20)); }
  Hypervisor& hypervisor() { return world_->hypervisor(); }

  // Skips other events until this one comes.
  bool Await(HypervisorEvent::Kind kind, const DomainId& id) {
    while (const auto event = events_.PopUntil(Soon().deadline, {})) {
      if (event->kind == kind && event->domain == id) return true;
    }
    return false;
  }
  DomainState Read(const DomainId& id) {
    auto domain = hypervisor().ReadDomain(id, Soon());
    EXPECT_TRUE(domain.ok()) << domain.status();
    return domain.ok() ? *domain : DomainState{};
  }
  static const DomainState* In(const std::vector<DomainState>& domains, const DomainId& id) {
    for (const DomainState& domain : domains) {
      if (domain.id == id) return &domain;
    }
    return nullptr;
  }

  BoundedQueue<HypervisorEvent> events_{1000};
  std::unique_ptr<HypervisorWorld> world_;
};

using EventKind = HypervisorEvent::Kind;

TEST_P(HypervisorContract, ItIsConnectedAndSaysToWhat) {
  EXPECT_TRUE(hypervisor().connected());
  EXPECT_NE(hypervisor().version(), "");
}

TEST_P(HypervisorContract, ADefinedDomainIsToldAndListed) {
  const DomainId id = world_->Define("contract-defined");
  EXPECT_TRUE(Await(EventKind::kDefined, id));
  const auto list = hypervisor().ListDomains(Soon());
  ASSERT_TRUE(list.ok()) << list.status();
  const DomainState* domain = In(*list, id);
  ASSERT_NE(domain, nullptr);
  EXPECT_EQ(domain->name, "contract-defined");
  EXPECT_EQ(domain->run_state, RunState::kOff);
  EXPECT_EQ(domain->run_number, -1);
  EXPECT_TRUE(domain->persistent);
  EXPECT_EQ(domain->channel, AgentChannel::kDisconnected);
  EXPECT_EQ(domain->macs, std::vector<std::string>{"52:54:00:12:34:56"});
  EXPECT_FALSE(domain->wish.has_value());
  EXPECT_EQ(*domain, Read(id)) << "list and single read agree";
  world_->Undefine(id);
}

TEST_P(HypervisorContract, ARunHasANumberUntilItEnds) {
  const DomainId id = world_->Define("contract-run");
  world_->Start(id);
  EXPECT_TRUE(Await(EventKind::kStarted, id));
  const DomainState first = Read(id);
  EXPECT_EQ(first.run_state, RunState::kRunning);
  EXPECT_GE(first.run_number, 0);
  world_->PowerOff(id);
  EXPECT_TRUE(Await(EventKind::kStopped, id));
  EXPECT_EQ(Read(id).run_number, -1);
  EXPECT_EQ(Read(id).run_state, RunState::kOff);
  world_->Start(id);
  EXPECT_TRUE(Await(EventKind::kStarted, id));
  EXPECT_NE(Read(id).run_number, first.run_number);
  world_->PowerOff(id);
  world_->Undefine(id);
}

TEST_P(HypervisorContract, TheSweepAgreesWithTheList) {
  const DomainId off = world_->Define("contract-off"), on = world_->Define("contract-on");
  world_->Start(on);
  const auto sweep = hypervisor().Sweep(Soon());
  ASSERT_TRUE(sweep.ok()) << sweep.status();
  for (const DomainId& id : {off, on}) {
    const DomainState* swept = In(*sweep, id);
    ASSERT_NE(swept, nullptr);
    const DomainState read = Read(id);
    EXPECT_EQ(swept->name, read.name);
    EXPECT_EQ(swept->run_state, read.run_state);
    EXPECT_EQ(swept->run_number, read.run_number);
  }
  world_->PowerOff(on);
  world_->Undefine(on);
  world_->Undefine(off);
}

TEST_P(HypervisorContract, APauseIsToldAndSeen) {
  const DomainId id = world_->Define("contract-pause");
  world_->Start(id);
  world_->Pause(id);
  EXPECT_TRUE(Await(EventKind::kSuspended, id));
  EXPECT_EQ(Read(id).run_state, RunState::kPaused);
  world_->Resume(id);
  EXPECT_TRUE(Await(EventKind::kResumed, id));
  EXPECT_EQ(Read(id).run_state, RunState::kRunning);
  world_->PowerOff(id);
  world_->Undefine(id);
}

TEST_P(HypervisorContract, AWishIsToldAndRead) {
  const DomainId id = world_->Define("contract-wish");
  world_->SetWish(id, R"(enroll="yes" fqdn="Web.example.test" kubeconfig="yes")");
  EXPECT_TRUE(Await(EventKind::kMetadataChanged, id));
  const DomainState wishing = Read(id);
  EXPECT_EQ(wishing.wish_error, "");
  ASSERT_TRUE(wishing.wish.has_value());
  EXPECT_EQ(wishing.wish->enroll, EnrollWish::kYes);
  EXPECT_EQ(wishing.wish->fqdn, "web.example.test");
  EXPECT_TRUE(wishing.wish->kubeconfig);
  world_->SetWish(id, R"(enroll="perhaps")");
  EXPECT_TRUE(Await(EventKind::kMetadataChanged, id));
  EXPECT_FALSE(Read(id).wish.has_value());
  EXPECT_NE(Read(id).wish_error, "");
  world_->Undefine(id);
}

TEST_P(HypervisorContract, AnUndefinedDomainIsGone) {
  const DomainId id = world_->Define("contract-gone");
  world_->Undefine(id);
  EXPECT_TRUE(Await(EventKind::kUndefined, id));
  const absl::Status status = hypervisor().ReadDomain(id, Soon()).status();
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
}

TEST_P(HypervisorContract, AnUndefinedRunningDomainBecomesTransient) {
  const DomainId id = world_->Define("contract-transient");
  world_->Start(id);
  world_->Undefine(id);
  EXPECT_TRUE(Await(EventKind::kUndefined, id));
  EXPECT_FALSE(Read(id).persistent);
  const auto list = hypervisor().ListDomains(Soon());
  ASSERT_TRUE(list.ok());
  ASSERT_NE(In(*list, id), nullptr);
  EXPECT_FALSE(In(*list, id)->persistent);
  world_->PowerOff(id);
  EXPECT_TRUE(Await(EventKind::kStopped, id));
  EXPECT_TRUE(absl::IsNotFound(hypervisor().ReadDomain(id, Soon()).status()));
}

TEST_P(HypervisorContract, ACallThatIsOverFailsAtOnce) {
  EXPECT_TRUE(
      absl::IsDeadlineExceeded(hypervisor().ListDomains(Call::Within(Duration::zero())).status()));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(absl::IsCancelled(
      hypervisor().Sweep(Call::Within(std::chrono::seconds(9), stop.get_token())).status()));
  EXPECT_TRUE(hypervisor().connected()) << "and harms nobody else";
}

TEST_P(HypervisorContract, NoEventComesAfterStop) {
  hypervisor().Stop();
  EXPECT_FALSE(hypervisor().connected());
  while (events_.PopUntil(std::chrono::steady_clock::now(), {})) {
  }
  const DomainId id = world_->Define("contract-late");
  world_->Undefine(id);
  EXPECT_FALSE(
      events_.PopUntil(std::chrono::steady_clock::now() + std::chrono::milliseconds(200), {})
          .has_value());
}

}  // namespace innkeeper
