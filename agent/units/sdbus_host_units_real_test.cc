// The contract on a real systemd with machined, in a container of tests/env.

#include "agent/units/host_units_contract.h"
#include "agent/units/sdbus_host_units.h"
#include "vm/testing/real_env.h"

namespace innkeeper {
namespace {

std::string BusAddress() {
  RunEnv({"systemd", "up"});
  const std::string line = RunEnv({"systemd", "env"});
  std::string address = line.substr(line.find('=') + 1);
  std::erase_if(address, [](char c) { return c == '\'' || c == '\\'; });  // shell quoting
  return address;
}

class SystemdWorld final : public HostUnitsWorld {
 public:
  HostUnits& units() override { return *units_; }
  void StopDaemon() override { RunEnv({"systemd", "exec", "systemctl", "stop", "libvirtd"}); }
  void StartDaemon() override { RunEnv({"systemd", "exec", "systemctl", "start", "libvirtd"}); }
  void AddMachine(const std::string& name, const DomainId& id) override {
    RunEnv({"systemd", "machine-add", name, id.uuid});
  }
  void RemoveMachine(const std::string& name) override { RunEnv({"systemd", "machine-rm", name}); }

 private:
  // So long a sweep that only signals can be what shows a change.
  std::unique_ptr<HostUnits> units_ =
      MakeSdBusHostUnits({.address = BusAddress(), .sweep = std::chrono::hours(1)});
};

INSTANTIATE_TEST_SUITE_P(Hosts, HostUnitsContract,
                         testing::Values(NamedHostUnitsWorld{
                             "Systemd", [] { return std::make_unique<SystemdWorld>(); }}),
                         [](const auto& world) { return world.param.name; });

}  // namespace
}  // namespace innkeeper
