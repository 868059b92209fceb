#include "agent/units/sdbus_host_units.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <thread>

#include "agent/units/bus_handles.h"
#include "agent/units/bus_reader.h"
#include "base/guarded.h"
#include "base/log.h"
#include "base/thread_name.h"

namespace innkeeper {
namespace {

constexpr uint64_t kMethodTimeoutMicroseconds = 2'000'000;
// Looks after signals come at most this often: a host that boots a hundred guests signals in
// bursts.
constexpr Duration kLookInterval = std::chrono::milliseconds(200);

// The same but for numbers that always move.
UnitState WithoutCounters(UnitState state) {
  state.memory_bytes = 0;
  state.cpu_nanoseconds = 0;
  return state;
}

bool MeansTheSame(const UnitsView& a, const UnitsView& b) {
  const auto same_unit = [](const UnitState& x, const UnitState& y) {
    return WithoutCounters(x) == WithoutCounters(y);
  };
  const auto same_machine = [&](const auto& x, const auto& y) {
    return x.first == y.first && x.second.unit == y.second.unit &&
           x.second.leader == y.second.leader && same_unit(x.second.state, y.second.state);
  };
  return a.bus == b.bus &&
         std::equal(a.daemons.begin(), a.daemons.end(), b.daemons.begin(), b.daemons.end(),
                    same_unit) &&
         std::equal(a.machines.begin(), a.machines.end(), b.machines.begin(), b.machines.end(),
                    same_machine);
}

class SdBusHostUnits final : public HostUnits {
 public:
  explicit SdBusHostUnits(HostUnitsOptions options)
      : options_(std::move(options)), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~SdBusHostUnits() override {
    Stop();
    close(wake_);
  }

  absl::Status Start(std::function<void()> changed) override {
    changed_ = std::move(changed);
    thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
    return absl::OkStatus();
  }
  void Stop() override {
    thread_.request_stop();
    const uint64_t one = 1;
    (void)!write(wake_, &one, sizeof one);
    if (thread_.joinable()) thread_.join();
  }
  UnitsView View() const override {
    return view_.With([](const UnitsView& view) { return view; });
  }

 private:
  void Run(const std::stop_token& stop);
  absl::Status Connect();
  absl::Status Serve(const std::stop_token& stop);
  absl::Status ProcessSignals();
  absl::StatusOr<UnitsView> Look();
  absl::Status LookAtMachines(UnitsView& view);
  void Show(UnitsView view);
  void Wait(Duration longest);
  static int OnSignal(sd_bus_message*, void* self, sd_bus_error*) {
    static_cast<SdBusHostUnits*>(self)->signalled_ = true;
    return 0;
  }

  // MachineNew, MachineRemoved (so): a name may come back as another domain's.
  static int OnMachine(sd_bus_message* signal, void* self, sd_bus_error*) {
    auto* units = static_cast<SdBusHostUnits*>(self);
    units->signalled_ = true;
    const char *name = nullptr, *path = nullptr;
    if (sd_bus_message_read(signal, "so", &name, &path) > 0) units->machines_.erase(path);
    return 0;
  }

  const HostUnitsOptions options_;
  const int wake_;
  std::function<void()> changed_;
  mutable Guarded<UnitsView> view_;
  // The thread's own:
  BusHandle bus_;
  std::map<std::string, MachineObject> machines_;  // by object path; what they say never changes
  bool signalled_ = false;
  bool outage_told_ = false;
  std::jthread thread_;
};

void SdBusHostUnits::Run(const std::stop_token& stop) {
  NameThread("host-units");
  while (!stop.stop_requested()) {
    absl::Status ended = Connect();
    if (ended.ok()) ended = Serve(stop);
    bus_.reset();
    machines_.clear();
    if (stop.stop_requested()) return;
    if (!outage_told_) LogWarning("no system bus: units unknown", {{"error", ended}});
    outage_told_ = true;
    Show({});
    Wait(options_.retry);
  }
}

absl::Status SdBusHostUnits::Connect() {
  sd_bus* raw = nullptr;
  int result = sd_bus_new(&raw);
  if (result < 0) return ErrnoStatus(-result, "a bus connection");
  bus_.reset(raw);
  const char* system = std::getenv("DBUS_SYSTEM_BUS_ADDRESS");
  std::string address = options_.address;
  if (address.empty()) {
    address = system != nullptr ? system : "unix:path=/run/dbus/system_bus_socket";
  }
  result = sd_bus_set_address(raw, address.c_str());
  if (result >= 0) result = sd_bus_set_bus_client(raw, 1);
  if (result >= 0) result = sd_bus_set_method_call_timeout(raw, kMethodTimeoutMicroseconds);
  if (result >= 0) result = sd_bus_start(raw);
  if (result < 0) return ErrnoStatus(-result, "connecting to the system bus");
  const auto match = [&](const std::string& rule, sd_bus_message_handler_t handler) {
    if (result >= 0) result = sd_bus_add_match(raw, nullptr, rule.c_str(), handler, this);
  };
  match(
      "type='signal',sender='org.freedesktop.machine1',"
      "interface='org.freedesktop.machine1.Manager'",
      OnMachine);
  for (const std::string& daemon : options_.daemons) {
    match(
        "type='signal',sender='org.freedesktop.systemd1',"
        "interface='org.freedesktop.DBus.Properties',path='" +
            UnitPath(daemon) + "'",
        OnSignal);
  }
  if (result < 0) return ErrnoStatus(-result, "matching signals");
  BusError error;
  result =
      sd_bus_call_method(raw, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                         "org.freedesktop.systemd1.Manager", "Subscribe", error.get(), nullptr, "");
  return result < 0 ? error.ToStatus(result, "subscribing to systemd") : absl::OkStatus();
}

// Until the bus is lost; why.
absl::Status SdBusHostUnits::Serve(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    signalled_ = false;  // before the look: what is signalled during it is looked at again
    const MonotonicTime looked = std::chrono::steady_clock::now();
    ASSIGN_OR_RETURN(UnitsView view, Look());
    if (outage_told_) LogInfo("the system bus is back", {});
    outage_told_ = false;
    Show(std::move(view));
    const MonotonicTime next = looked + options_.sweep;
    while (!stop.stop_requested()) {
      RETURN_IF_ERROR(ProcessSignals());
      const MonotonicTime now = std::chrono::steady_clock::now();
      const MonotonicTime due = signalled_ ? looked + kLookInterval : next;
      if (now >= due) break;
      Wait(due - now);
    }
  }
  return absl::OkStatus();
}

absl::Status SdBusHostUnits::ProcessSignals() {
  while (true) {
    const int result = sd_bus_process(bus_.get(), nullptr);
    if (result < 0) return ErrnoStatus(-result, "the system bus");
    if (result == 0) return absl::OkStatus();
  }
}

absl::StatusOr<UnitsView> SdBusHostUnits::Look() {
  UnitsView view;
  view.bus = true;
  for (const std::string& daemon : options_.daemons) {
    ASSIGN_OR_RETURN(std::optional<UnitState> state, ReadUnit(bus_.get(), daemon));
    if (state.has_value()) view.daemons.push_back(*std::move(state));
  }
  RETURN_IF_ERROR(LookAtMachines(view));
  return view;
}

absl::Status SdBusHostUnits::LookAtMachines(UnitsView& view) {
  ASSIGN_OR_RETURN(const std::vector<std::string> paths, ListMachineObjects(bus_.get()));
  std::map<std::string, MachineObject> seen;
  for (const std::string& path : paths) {
    const auto known = machines_.find(path);
    std::optional<MachineObject> machine;
    if (known != machines_.end()) {
      machine = known->second;
    } else {
      ASSIGN_OR_RETURN(machine, ReadMachine(bus_.get(), path));
    }
    if (!machine.has_value()) continue;
    ASSIGN_OR_RETURN(std::optional<UnitState> state, ReadUnit(bus_.get(), machine->unit));
    if (!state.has_value()) continue;  // ended meanwhile
    view.machines[machine->domain] = {machine->unit, machine->leader, *std::move(state)};
    seen[path] = *std::move(machine);
  }
  machines_ = std::move(seen);
  return absl::OkStatus();
}

void SdBusHostUnits::Show(UnitsView view) {
  const bool news = view_.With([&](UnitsView& current) {
    const bool differs = !MeansTheSame(current, view);
    current = std::move(view);
    return differs;
  });
  if (news && changed_) changed_();
}

// For a message on the bus, a wake-up, or that long.
void SdBusHostUnits::Wait(Duration longest) {
  pollfd waiting[2] = {{wake_, POLLIN, 0}, {-1, 0, 0}};
  if (bus_ != nullptr) {
    waiting[1].fd = sd_bus_get_fd(bus_.get());
    waiting[1].events = static_cast<short>(std::max(sd_bus_get_events(bus_.get()), 0));
  }
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(longest).count();
  (void)poll(waiting, 2, static_cast<int>(std::clamp<int64_t>(milliseconds, 0, 1 << 30)));
}

}  // namespace

std::unique_ptr<HostUnits> MakeSdBusHostUnits(HostUnitsOptions options) {
  return std::make_unique<SdBusHostUnits>(std::move(options));
}

}  // namespace innkeeper
