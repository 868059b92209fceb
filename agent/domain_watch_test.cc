#include "agent/domain_watch.h"

#include <gtest/gtest.h>

#include "vm/testing/fake_hypervisor.h"

namespace innkeeper {
namespace {

using Gone = std::pair<DomainId, GoneReason>;

class Listener final : public DomainWatchListener {
 public:
  void OnDomain(agent::v1::Domain domain) override { domains.Push(std::move(domain)); }
  void OnGone(const DomainId& id, GoneReason why) override { gone.Push({id, why}); }
  void OnGuestAgentChanged(const DomainId& id) override { changed.Push(id); }
  void OnGuestAgent(const DomainId& id) override { agents.Push(id); }
  void OnTurn() override { turns.Push(1); }

  BoundedQueue<agent::v1::Domain> domains{1000};
  BoundedQueue<Gone> gone{1000};
  BoundedQueue<DomainId> agents{1000}, changed{1000};
  BoundedQueue<int> turns{1000, Overflow::kDropOldest};
};

class DomainWatchTest : public testing::Test {
 protected:
  DomainWatchTest() : watch_(Options(), hypervisor_, clock_, listener_) {}
  static DomainWatch::Options Options() {
    DomainWatch::Options options;
    options.node_boot = "boot1";
    options.sweep = std::chrono::milliseconds(50);
    return options;
  }
  static MonotonicTime Soon() {
    return std::chrono::steady_clock::now() + std::chrono::seconds(20);
  }
  agent::v1::Domain NextDomain() { return listener_.domains.PopUntil(Soon(), {}).value(); }
  // The first report of that domain that `fits`.
  agent::v1::Domain Await(const std::function<bool(const agent::v1::Domain&)>& fits) {
    while (true) {
      agent::v1::Domain domain = NextDomain();
      if (fits(domain)) return domain;
    }
  }

  RealClock clock_;
  FakeHypervisor hypervisor_;
  Listener listener_;
  DomainWatch watch_;
};

TEST_F(DomainWatchTest, TellsWhatIsThereAtStartAndWhatComesLater) {
  hypervisor_.Define(NewDomain("web"));
  ASSERT_TRUE(watch_.Start().ok());
  EXPECT_EQ(NextDomain().name(), "web");
  hypervisor_.Define(NewDomain("db"));
  EXPECT_EQ(NextDomain().name(), "db");
}

TEST_F(DomainWatchTest, AnUndefineIsWitnessed) {
  const DomainState web = NewDomain("web");
  hypervisor_.Define(web);
  ASSERT_TRUE(watch_.Start().ok());
  NextDomain();
  hypervisor_.Undefine(web.id);
  EXPECT_EQ(listener_.gone.PopUntil(Soon(), {}), Gone(web.id, GoneReason::kUndefined));
}

// Undefining a running domain leaves it running: it is gone for good when its run ends, not before.
TEST_F(DomainWatchTest, AnUndefineOfARunningDomainCountsWhenItsRunEnds) {
  const DomainState web = NewDomain("web");
  hypervisor_.Define(web);
  hypervisor_.Boot(web.id);
  ASSERT_TRUE(watch_.Start().ok());
  NextDomain();
  hypervisor_.Undefine(web.id);
  Await([](const agent::v1::Domain& domain) { return !domain.persistent(); });
  EXPECT_EQ(listener_.gone.size(), 0u);
  hypervisor_.PowerOff(web.id);
  EXPECT_EQ(listener_.gone.PopUntil(Soon(), {}), Gone(web.id, GoneReason::kUndefined));
}

TEST_F(DomainWatchTest, ADomainThatVanishedWhileTheDaemonWasAwayHasNoWitness) {
  const DomainState web = NewDomain("web");
  hypervisor_.Define(web);
  ASSERT_TRUE(watch_.Start().ok());
  NextDomain();
  hypervisor_.LoseDaemon();
  hypervisor_.Undefine(web.id);
  hypervisor_.ReturnDaemon();
  EXPECT_EQ(listener_.gone.PopUntil(Soon(), {}), Gone(web.id, GoneReason::kVanished));
}

TEST_F(DomainWatchTest, TheSweepFindsWhatNoEventTold) {
  const DomainState web = NewDomain("web");
  hypervisor_.Define(web);
  ASSERT_TRUE(watch_.Start().ok());
  NextDomain();
  hypervisor_.ChangeSilently(web.id, [](DomainState& state) {
    state.run_state = RunState::kRunning;
    state.run_number = 77;
  });
  EXPECT_EQ(NextDomain().run_state(), agent::v1::RUN_STATE_RUNNING);
}

TEST_F(DomainWatchTest, AsksForTheGuestWhenItsAgentConnectsAndAfterAReboot) {
  const DomainState web = NewDomain("web");
  hypervisor_.Define(web);
  ASSERT_TRUE(watch_.Start().ok());
  hypervisor_.Boot(web.id);
  hypervisor_.ConnectAgent(web.id);
  EXPECT_EQ(listener_.agents.PopUntil(Soon(), {}), web.id);
  const std::string before =
      Await([](const agent::v1::Domain& d) { return !d.run_id().empty(); }).run_id();
  hypervisor_.Reboot(web.id);
  EXPECT_EQ(listener_.agents.PopUntil(Soon(), {}), web.id);
  Await([&](const agent::v1::Domain& d) { return d.run_id() != before; });
}

TEST_F(DomainWatchTest, TellsWhenAGuestsAgentCameOrWentAndNotOtherwise) {
  const DomainState web = NewDomain("web");
  hypervisor_.Define(web);
  ASSERT_TRUE(watch_.Start().ok());
  hypervisor_.Boot(web.id);
  hypervisor_.ConnectAgent(web.id);
  EXPECT_EQ(listener_.agents.PopUntil(Soon(), {}), web.id);
  EXPECT_EQ(listener_.changed.PopUntil(Soon(), {}), web.id);
  while (listener_.changed.size() > 0) listener_.changed.Pop({});  // of the boot
  watch_.SetFacts(web.id, {});
  EXPECT_EQ(listener_.changed.size(), 0u) << "it is the same agent";
  hypervisor_.DisconnectAgent(web.id);
  EXPECT_EQ(listener_.changed.PopUntil(Soon(), {}), web.id);
}

TEST_F(DomainWatchTest, AWishInTheMetadataIsToldWhenItChanges) {
  const DomainState web = NewDomain("web");
  hypervisor_.Define(web);
  ASSERT_TRUE(watch_.Start().ok());
  NextDomain();
  hypervisor_.SetWish(web.id, DomainWish{EnrollWish::kYes, "web.example.test", false});
  const agent::v1::Domain domain = Await([](const agent::v1::Domain& d) { return d.has_wish(); });
  EXPECT_EQ(domain.wish().enroll(), agent::v1::Wish::ENROLL_YES);
  EXPECT_EQ(domain.wish().fqdn(), "web.example.test");
}

TEST_F(DomainWatchTest, TheLoopTurnsWhileTheDaemonIsAway) {
  ASSERT_TRUE(watch_.Start().ok());
  hypervisor_.LoseDaemon();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(listener_.turns.PopUntil(Soon(), {}));
}

}  // namespace
}  // namespace innkeeper
