#include "agent/units/host_units_contract.h"

#include <algorithm>

#include "agent/units/bus_reader.h"
#include "agent/units/sdbus_host_units.h"
#include "agent/units/testing/fake_host_units.h"
#include "base/testing/temp_dir.h"

namespace innkeeper {
namespace {

class FakeWorld final : public HostUnitsWorld {
 public:
  FakeWorld() { StartDaemon(); }
  HostUnits& units() override { return fake_; }
  void StopDaemon() override { SetDaemon("inactive"); }
  void StartDaemon() override { SetDaemon("active"); }
  void AddMachine(const std::string& name, const DomainId& id) override {
    std::string unit = "machine-";
    for (const char c : name) unit += c == '-' ? std::string("\\x2d") : std::string(1, c);
    unit += ".scope";
    fake_.Change([&](UnitsView& view) {
      view.machines[id] = {unit, 4711, {unit, "active", "success", 0, 0, 0}};
      ids_[name] = id;
    });
  }
  void RemoveMachine(const std::string& name) override {
    fake_.Change([&](UnitsView& view) { view.machines.erase(ids_[name]); });
  }

 private:
  void SetDaemon(const std::string& state) {
    fake_.Change([&](UnitsView& view) {
      view.daemons = {{"libvirtd.service", state, "success", 0, 0, 0}};
    });
  }
  FakeHostUnits fake_;
  std::map<std::string, DomainId> ids_;
};

INSTANTIATE_TEST_SUITE_P(Hosts, HostUnitsContract,
                         testing::Values(NamedHostUnitsWorld{
                             "Fake", [] { return std::make_unique<FakeWorld>(); }}),
                         [](const auto& world) { return world.param.name; });

TEST(SdBusHostUnitsTest, WithoutABusItGoesOnAndSaysSo) {
  const TempDir folder;
  const auto units = MakeSdBusHostUnits(
      {.address = "unix:path=" + folder.File("nobody"), .retry = std::chrono::milliseconds(10)});
  EXPECT_TRUE(units->Start([] { ADD_FAILURE() << "nothing changed"; }).ok());
  EXPECT_FALSE(units->View().bus);
  units->Stop();
  EXPECT_FALSE(units->View().bus);
}

TEST(BusReaderTest, AMachinesIdIsAUuid) {
  const uint8_t bytes[] = {0x6d, 0x8e, 0x5f, 0x60, 0x1b, 0x1a, 0x4b, 0x52,
                           0x9c, 0x1f, 0x0c, 0x5a, 0x1f, 0x6a, 0x7b, 0x8c};
  EXPECT_EQ(UuidText(bytes, 16), "6d8e5f60-1b1a-4b52-9c1f-0c5a1f6a7b8c");
  EXPECT_EQ(UuidText(bytes, 15), "");
  EXPECT_EQ(UuidText(nullptr, 0), "");
}

TEST(BusReaderTest, UnitsHaveObjectPaths) {
  EXPECT_EQ(UnitPath("libvirtd.service"), "/org/freedesktop/systemd1/unit/libvirtd_2eservice");
}

}  // namespace
}  // namespace innkeeper
