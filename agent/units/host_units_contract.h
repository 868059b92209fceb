#pragma once
// What every HostUnits keeps. Worlds own the host's side.

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "agent/units/host_units.h"

namespace innkeeper {

class HostUnitsWorld {
 public:
  virtual ~HostUnitsWorld() = default;
  virtual HostUnits& units() = 0;
  virtual void StopDaemon() = 0;  // libvirtd.service, which runs at first
  virtual void StartDaemon() = 0;
  // Registers a machine `name` of that domain; its scope's unit.
  virtual void AddMachine(const std::string& name, const DomainId& id) = 0;
  virtual void RemoveMachine(const std::string& name) = 0;
};

struct NamedHostUnitsWorld {
  std::string name;
  std::function<std::unique_ptr<HostUnitsWorld>()> make;
};
inline void PrintTo(const NamedHostUnitsWorld& world, std::ostream* out) { *out << world.name; }

class HostUnitsContract : public testing::TestWithParam<NamedHostUnitsWorld> {
 protected:
  void SetUp() override {
    world_ = GetParam().make();
    ASSERT_NE(world_, nullptr);
    ASSERT_TRUE(units().Start([this] { Changed(); }).ok());
    ASSERT_TRUE(Await([](const UnitsView& view) { return view.bus; }));
  }
  void TearDown() override {
    if (world_ != nullptr) units().Stop();
  }
  HostUnits& units() { return world_->units(); }

  void Changed() {
    {
      std::scoped_lock lock(mutex_);
      ++changes_;
    }
    changed_.notify_all();
  }
  // Looks again at each call of `changed` only: a change that is not told is not seen.
  bool Await(const std::function<bool(const UnitsView&)>& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20),
                             [&] { return changes_ > 0 && condition(units().View()); });
  }
  static std::string StateOf(const UnitsView& view, const std::string& unit) {
    for (const UnitState& state : view.daemons) {
      if (state.name == unit) return state.active_state;
    }
    return "unknown";
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int changes_ = 0;
  std::unique_ptr<HostUnitsWorld> world_;
};

TEST_P(HostUnitsContract, ADaemonIsSeenToStopAndStart) {
  EXPECT_TRUE(Await([](const auto& v) { return StateOf(v, "libvirtd.service") == "active"; }));
  world_->StopDaemon();
  EXPECT_TRUE(Await([](const auto& v) { return StateOf(v, "libvirtd.service") == "inactive"; }));
  world_->StartDaemon();
  EXPECT_TRUE(Await([](const auto& v) { return StateOf(v, "libvirtd.service") == "active"; }));
}

TEST_P(HostUnitsContract, AMachineIsFoundByItsDomainUntilItEnds) {
  const DomainId id{"0f1e2d3c-4b5a-4697-8877-665544332211"};
  EXPECT_FALSE(units().View().machines.contains(id));
  world_->AddMachine("qemu-7-contract", id);
  ASSERT_TRUE(Await([&](const auto& v) { return v.machines.contains(id); }));
  const MachineScope machine = units().View().machines.at(id);
  EXPECT_EQ(machine.unit, "machine-qemu\\x2d7\\x2dcontract.scope");
  EXPECT_GT(machine.leader, 0u);
  EXPECT_EQ(machine.state.name, machine.unit);
  EXPECT_EQ(machine.state.active_state, "active");
  world_->RemoveMachine("qemu-7-contract");
  EXPECT_TRUE(Await([&](const auto& v) { return !v.machines.contains(id); }));
}

TEST_P(HostUnitsContract, AMachineNameThatComesBackIsTheNewDomains) {
  const DomainId first{"0f1e2d3c-4b5a-4697-8877-665544332201"};
  const DomainId second{"0f1e2d3c-4b5a-4697-8877-665544332202"};
  world_->AddMachine("qemu-8-contract", first);
  ASSERT_TRUE(Await([&](const auto& v) { return v.machines.contains(first); }));
  world_->RemoveMachine("qemu-8-contract");
  world_->AddMachine("qemu-8-contract", second);
  EXPECT_TRUE(Await(
      [&](const auto& v) { return v.machines.contains(second) && !v.machines.contains(first); }));
  world_->RemoveMachine("qemu-8-contract");
}

}  // namespace innkeeper
