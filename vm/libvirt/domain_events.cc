#include "vm/libvirt/domain_events.h"

#include <cstring>
#include <optional>

#include "vm/libvirt/domain_xml.h"
#include "vm/libvirt/inventory.h"

namespace innkeeper {
namespace {

using Kind = HypervisorEvent::Kind;
using Closure = std::shared_ptr<EventGate>;

void FreeClosure(void* closure) { delete static_cast<Closure*>(closure); }

void Pass(void* closure, Kind kind, virDomainPtr domain) {
  (*static_cast<Closure*>(closure))->Pass(kind, domain);
}

std::optional<Kind> ToKind(int event, int detail) {
  switch (event) {
    case VIR_DOMAIN_EVENT_DEFINED:
      return Kind::kDefined;
    case VIR_DOMAIN_EVENT_UNDEFINED:
      // A rename is an undefine and a define of the same UUID: not a deletion.
      return detail == VIR_DOMAIN_EVENT_UNDEFINED_RENAMED ? Kind::kDefined : Kind::kUndefined;
    case VIR_DOMAIN_EVENT_STARTED:
      return Kind::kStarted;
    case VIR_DOMAIN_EVENT_SUSPENDED:
    case VIR_DOMAIN_EVENT_PMSUSPENDED:
      return Kind::kSuspended;
    case VIR_DOMAIN_EVENT_RESUMED:
      return Kind::kResumed;
    case VIR_DOMAIN_EVENT_STOPPED:
      if (detail == VIR_DOMAIN_EVENT_STOPPED_MIGRATED) return Kind::kMigratedAway;
      if (detail == VIR_DOMAIN_EVENT_STOPPED_CRASHED) return Kind::kCrashed;
      return Kind::kStopped;
    case VIR_DOMAIN_EVENT_CRASHED:
      return Kind::kCrashed;
    default:
      return std::nullopt;  // SHUTDOWN: STOPPED follows
  }
}

void OnLifecycle(virConnectPtr, virDomainPtr domain, int event, int detail, void* closure) {
  if (const auto kind = ToKind(event, detail)) Pass(closure, *kind, domain);
}

void OnReboot(virConnectPtr, virDomainPtr domain, void* closure) {
  Pass(closure, Kind::kRebooted, domain);
}

void OnAgent(virConnectPtr, virDomainPtr domain, int state, int, void* closure) {
  const bool connected = state == VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_CONNECTED;
  Pass(closure, connected ? Kind::kAgentConnected : Kind::kAgentDisconnected, domain);
}

void OnMetadata(virConnectPtr, virDomainPtr domain, int type, const char* name_space,
                void* closure) {
  // Others keep their own elements, and may write them often.
  const bool foreign = type == VIR_DOMAIN_METADATA_ELEMENT && name_space != nullptr &&
                       std::strcmp(name_space, kWishNamespace) != 0;
  if (!foreign) Pass(closure, Kind::kMetadataChanged, domain);
}

void OnDevice(virConnectPtr, virDomainPtr domain, const char*, void* closure) {
  Pass(closure, Kind::kDeviceChanged, domain);
}

}  // namespace

void EventGate::Pass(Kind kind, virDomainPtr domain) {
  const HypervisorEvent event{kind, IdOf(domain)};
  std::scoped_lock lock(mutex_);
  if (sink_) sink_(event);
}

void EventGate::Close() {
  std::scoped_lock lock(mutex_);
  sink_ = nullptr;
}

absl::StatusOr<std::unique_ptr<DomainEvents>> DomainEvents::Register(
    DaemonConnection& daemon, std::function<void(const HypervisorEvent&)> sink, const Call& call) {
  std::unique_ptr<DomainEvents> events(
      new DomainEvents(daemon, std::make_shared<EventGate>(std::move(sink))));
  RETURN_IF_ERROR(events->AddAll(call));
  return events;
}

absl::Status DomainEvents::AddAll(const Call& call) {
  RETURN_IF_ERROR(Add(VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(OnLifecycle), call));
  RETURN_IF_ERROR(Add(VIR_DOMAIN_EVENT_ID_REBOOT, VIR_DOMAIN_EVENT_CALLBACK(OnReboot), call));
  RETURN_IF_ERROR(
      Add(VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(OnAgent), call));
  RETURN_IF_ERROR(
      Add(VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(OnMetadata), call));
  RETURN_IF_ERROR(Add(VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, VIR_DOMAIN_EVENT_CALLBACK(OnDevice), call));
  return Add(VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, VIR_DOMAIN_EVENT_CALLBACK(OnDevice), call);
}

absl::Status DomainEvents::Add(int event, virConnectDomainEventGenericCallback callback,
                               const Call& call) {
  auto closure = std::make_unique<Closure>(gate_);
  const int id = daemon_.Limited(call, [&](virConnectPtr connection) {
    return virConnectDomainEventRegisterAny(connection, nullptr, event, callback, closure.get(),
                                            FreeClosure);
  });
  if (id < 0) return daemon_.Failure(TakeLastError(), "registering for events", call);
  (void)closure.release();  // libvirt's now
  registered_.push_back(id);
  return absl::OkStatus();
}

DomainEvents::~DomainEvents() {
  gate_->Close();
  // libvirt keeps the connection alive for each registration, also when it is dead.
  const Call moment = Call::Within(std::chrono::seconds(2));
  daemon_.Limited(moment, [&](virConnectPtr connection) {
    for (const int id : registered_) virConnectDomainEventDeregisterAny(connection, id);
  });
}

}  // namespace innkeeper
