#include "agent/units/bus_reader.h"

#include <cctype>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "agent/units/bus_handles.h"

namespace innkeeper {
namespace {

constexpr char kSystemd[] = "org.freedesktop.systemd1";
constexpr char kUnitFolder[] = "/org/freedesktop/systemd1/unit";
constexpr char kUnitInterface[] = "org.freedesktop.systemd1.Unit";
constexpr char kMachined[] = "org.freedesktop.machine1";
constexpr char kMachinePath[] = "/org/freedesktop/machine1";
constexpr char kMachineManager[] = "org.freedesktop.machine1.Manager";
constexpr char kMachineInterface[] = "org.freedesktop.machine1.Machine";

struct ObjectProperty {
  const char* service;
  const std::string& path;
  std::string interface;
  const char* name;
};

std::string Name(const ObjectProperty& property) {
  return std::string(property.name) + " of " + property.path;
}

absl::StatusOr<std::string> ReadText(sd_bus* bus, const ObjectProperty& p) {
  BusError error;
  char* text = nullptr;
  const int result = sd_bus_get_property_string(bus, p.service, p.path.c_str(), p.interface.c_str(),
                                                p.name, error.get(), &text);
  if (result < 0) return error.ToStatus(result, Name(p));
  std::string copy(text);
  std::free(text);
  return copy;
}

// `type`: a D-Bus type of a fixed-size number.
template <class Number>
absl::StatusOr<Number> ReadNumber(sd_bus* bus, const ObjectProperty& p, char type) {
  BusError error;
  Number number = 0;
  const int result = sd_bus_get_property_trivial(
      bus, p.service, p.path.c_str(), p.interface.c_str(), p.name, error.get(), type, &number);
  if (result < 0) return error.ToStatus(result, Name(p));
  return number;
}

// Zero for what the unit's type does not have, and for systemd's "not set".
template <class Number>
Number CounterOr0(const absl::StatusOr<Number>& number) {
  return number.ok() && *number != std::numeric_limits<Number>::max() ? *number : 0;
}

// "libvirtd.service" -> "org.freedesktop.systemd1.Service"
std::string TypeInterface(const std::string& unit) {
  std::string type = unit.substr(unit.rfind('.') + 1);
  if (!type.empty()) type[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(type[0])));
  return std::string(kSystemd) + "." + type;
}

// The object is not there (any more), or nobody is who could tell.
bool IsGone(const absl::Status& status, const BusError& error) {
  return absl::IsNotFound(status) || error.Is(SD_BUS_ERROR_UNKNOWN_OBJECT) ||
         error.Is(SD_BUS_ERROR_SERVICE_UNKNOWN) || error.Is(SD_BUS_ERROR_NAME_HAS_NO_OWNER);
}

}  // namespace

std::string UuidText(const uint8_t* bytes, size_t size) {
  if (size != 16) return {};
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < size; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

std::string UnitPath(const std::string& name) {
  char* path = nullptr;
  if (sd_bus_path_encode(kUnitFolder, name.c_str(), &path) < 0) return {};
  std::string copy(path);
  std::free(path);
  return copy;
}

absl::StatusOr<std::optional<UnitState>> ReadUnit(sd_bus* bus, const std::string& name) {
  const std::string path = UnitPath(name), type = TypeInterface(name);
  ASSIGN_OR_RETURN(const std::string loaded,
                   ReadText(bus, {kSystemd, path, kUnitInterface, "LoadState"}));
  if (loaded == "not-found") return std::nullopt;
  UnitState state;
  state.name = name;
  ASSIGN_OR_RETURN(state.active_state,
                   ReadText(bus, {kSystemd, path, kUnitInterface, "ActiveState"}));
  const auto result = ReadText(bus, {kSystemd, path, type, "Result"});
  if (result.ok()) state.result = *result;
  state.memory_bytes =
      CounterOr0(ReadNumber<uint64_t>(bus, {kSystemd, path, type, "MemoryCurrent"}, 't'));
  state.cpu_nanoseconds =
      CounterOr0(ReadNumber<uint64_t>(bus, {kSystemd, path, type, "CPUUsageNSec"}, 't'));
  if (name.ends_with(".service")) {
    state.restarts =
        CounterOr0(ReadNumber<uint32_t>(bus, {kSystemd, path, type, "NRestarts"}, 'u'));
  }
  return state;
}

absl::StatusOr<std::vector<std::string>> ListMachineObjects(sd_bus* bus) {
  BusError error;
  sd_bus_message* raw = nullptr;
  const int called = sd_bus_call_method(bus, kMachined, kMachinePath, kMachineManager,
                                        "ListMachines", error.get(), &raw, "");
  const MessageHandle reply(raw);
  std::vector<std::string> paths;
  if (called < 0) {
    const absl::Status status = error.ToStatus(called, "listing machines");
    if (IsGone(status, error)) return paths;  // no machined
    return status;
  }
  int result = sd_bus_message_enter_container(raw, SD_BUS_TYPE_ARRAY, "(ssso)");
  const char *name = nullptr, *kind = nullptr, *service = nullptr, *path = nullptr;
  while (result >= 0 &&
         (result = sd_bus_message_read(raw, "(ssso)", &name, &kind, &service, &path)) > 0) {
    if (std::strcmp(kind, "vm") == 0) paths.emplace_back(path);
  }
  if (result < 0) return error.ToStatus(result, "listing machines");
  return paths;
}

absl::StatusOr<std::optional<MachineObject>> ReadMachine(sd_bus* bus, const std::string& path) {
  BusError error;
  sd_bus_message* raw = nullptr;
  const int called = sd_bus_get_property(bus, kMachined, path.c_str(), kMachineInterface, "Id",
                                         error.get(), &raw, "ay");
  const MessageHandle reply(raw);
  if (called < 0) {
    const absl::Status status = error.ToStatus(called, "Id of " + path);
    if (IsGone(status, error)) return std::nullopt;
    return status;
  }
  const void* bytes = nullptr;
  size_t size = 0;
  const int read = sd_bus_message_read_array(raw, 'y', &bytes, &size);
  if (read < 0) return error.ToStatus(read, "Id of " + path);
  MachineObject machine;
  machine.domain.uuid = UuidText(static_cast<const uint8_t*>(bytes), size);
  if (machine.domain.uuid.empty()) return std::nullopt;
  ASSIGN_OR_RETURN(machine.unit, ReadText(bus, {kMachined, path, kMachineInterface, "Unit"}));
  ASSIGN_OR_RETURN(machine.leader,
                   ReadNumber<uint32_t>(bus, {kMachined, path, kMachineInterface, "Leader"}, 'u'));
  return machine;
}

}  // namespace innkeeper
