#pragma once
// What systemd and machined answer, decoded. Each call is one or a few round trips on the bus;
// blocks, no longer than the bus's method call timeout each.

#include <optional>
#include <string>
#include <vector>

#include "agent/units/host_units.h"
#include "base/status.h"

struct sd_bus;

namespace innkeeper {

struct MachineObject {
  DomainId domain;
  std::string unit;
  uint32_t leader = 0;
};

// Nothing when systemd knows no such unit. Counters that systemd does not keep for it are zero.
absl::StatusOr<std::optional<UnitState>> ReadUnit(sd_bus* bus, const std::string& name);

// Object paths of all registered virtual machines; containers are left out. Empty without machined.
absl::StatusOr<std::vector<std::string>> ListMachineObjects(sd_bus* bus);
// Nothing when it has gone, or its id is no UUID.
absl::StatusOr<std::optional<MachineObject>> ReadMachine(sd_bus* bus, const std::string& path);

// The object path that systemd gives a unit.
std::string UnitPath(const std::string& name);

// 16 bytes as a lower-case UUID; empty when there are not 16.
std::string UuidText(const uint8_t* bytes, size_t size);

}  // namespace innkeeper
