#include "vm/libvirt/inventory.h"

#include <array>
#include <set>

#include "base/log.h"
#include "vm/guest_agent/guest_agent.h"
#include "vm/libvirt/domain_xml.h"

namespace innkeeper {
namespace {

RunState ToRunState(int state) {
  switch (state) {
    case VIR_DOMAIN_RUNNING:
    case VIR_DOMAIN_BLOCKED:
    case VIR_DOMAIN_SHUTDOWN:  // on its way down, still there
      return RunState::kRunning;
    case VIR_DOMAIN_PAUSED:
    case VIR_DOMAIN_PMSUSPENDED:
      return RunState::kPaused;
    case VIR_DOMAIN_SHUTOFF:
      return RunState::kOff;
    case VIR_DOMAIN_CRASHED:
      return RunState::kCrashed;
    default:
      return RunState::kUnknown;
  }
}

int RunNumber(virDomainPtr domain) {
  const unsigned id = virDomainGetID(domain);  // local to the handle
  return id == static_cast<unsigned>(-1) ? -1 : static_cast<int>(id);
}

// Every domain's handle and state in one request; `flags` as of virConnectGetAllDomainStats.
absl::StatusOr<StatsRecords> Statistics(DaemonConnection& daemon, unsigned flags,
                                        const Call& call) {
  return daemon.Limited(call, [&](virConnectPtr connection) -> absl::StatusOr<StatsRecords> {
    virDomainStatsRecordPtr* records = nullptr;
    if (virConnectGetAllDomainStats(connection, VIR_DOMAIN_STATS_STATE, &records, flags) < 0) {
      return daemon.Failure(TakeLastError(), "listing domains", call);
    }
    return StatsRecords(records);
  });
}

RunState StateIn(const virDomainStatsRecord& record) {
  int state = VIR_DOMAIN_NOSTATE;
  virTypedParamsGetInt(record.params, record.nparams, "state.state", &state);
  return ToRunState(state);
}

std::vector<DomainState> ToSwept(const StatsRecords& records) {
  std::vector<DomainState> domains;
  for (size_t i = 0; records[i] != nullptr; ++i) {
    DomainState& domain = domains.emplace_back();
    domain.id = IdOf(records[i]->dom);
    domain.name = virDomainGetName(records[i]->dom);
    domain.run_state = StateIn(*records[i]);
    domain.run_number = RunNumber(records[i]->dom);
  }
  return domains;
}

absl::StatusOr<DomainState> ReadXml(DaemonConnection& daemon, virDomainPtr domain,
                                    const Call& call) {
  const CString xml =
      daemon.Limited(call, [&](virConnectPtr) { return CString(virDomainGetXMLDesc(domain, 0)); });
  if (!xml) return daemon.Failure(TakeLastError(), "reading a domain", call);
  return ParseDomainXml(xml.get());
}

}  // namespace

DomainId IdOf(virDomainPtr domain) {
  std::array<char, VIR_UUID_STRING_BUFLEN> text{};
  virDomainGetUUIDString(domain, text.data());
  return {text.data()};
}

absl::StatusOr<std::vector<DomainState>> SweepDomains(DaemonConnection& daemon, const Call& call) {
  ASSIGN_OR_RETURN(const StatsRecords records, Statistics(daemon, 0, call));
  return ToSwept(records);
}

absl::StatusOr<std::vector<DomainState>> ListDomains(DaemonConnection& daemon, const Call& call) {
  ASSIGN_OR_RETURN(const StatsRecords records, Statistics(daemon, 0, call));
  ASSIGN_OR_RETURN(const StatsRecords transient,
                   Statistics(daemon, VIR_CONNECT_GET_ALL_DOMAINS_STATS_TRANSIENT, call));
  std::set<DomainId> transients;
  for (size_t i = 0; transient[i] != nullptr; ++i) transients.insert(IdOf(transient[i]->dom));

  std::vector<DomainState> domains;
  for (size_t i = 0; records[i] != nullptr; ++i) {
    absl::StatusOr<DomainState> domain = ReadXml(daemon, records[i]->dom, call);
    if (FailureOf(domain.status()) == AgentFailure::kDomainGone) continue;  // went meanwhile
    if (absl::IsInvalidArgument(domain.status())) {
      // One domain's XML that makes no sense must not hide the others.
      LogWarning("domain left out",
                 {{"domain", IdOf(records[i]->dom).uuid}, {"error", domain.status()}});
      continue;
    }
    RETURN_IF_ERROR(domain.status());
    domain->run_state = StateIn(*records[i]);
    domain->persistent = !transients.contains(domain->id);
    domains.push_back(*std::move(domain));
  }
  return domains;
}

absl::StatusOr<DomainState> ReadDomain(DaemonConnection& daemon, const DomainId& id,
                                       const Call& call) {
  const DomainHandle handle = daemon.Limited(call, [&](virConnectPtr connection) {
    return DomainHandle(virDomainLookupByUUIDString(connection, id.uuid.c_str()));
  });
  if (!handle) return daemon.Failure(TakeLastError(), "reading a domain", call);
  ASSIGN_OR_RETURN(DomainState domain, ReadXml(daemon, handle.get(), call));
  int state = VIR_DOMAIN_NOSTATE;
  const bool known = daemon.Limited(call, [&](virConnectPtr) {
    return virDomainGetState(handle.get(), &state, nullptr, 0) == 0;
  });
  if (!known) return daemon.Failure(TakeLastError(), "reading a domain", call);
  const int persistent =
      daemon.Limited(call, [&](virConnectPtr) { return virDomainIsPersistent(handle.get()); });
  if (persistent < 0) return daemon.Failure(TakeLastError(), "reading a domain", call);
  domain.run_state = ToRunState(state);
  domain.persistent = persistent == 1;
  return domain;
}

absl::StatusOr<std::string> ReadVersion(DaemonConnection& daemon, const Call& call) {
  const auto text = [](unsigned long version) {
    return std::to_string(version / 1'000'000) + "." + std::to_string(version / 1000 % 1000) + "." +
           std::to_string(version % 1000);
  };
  return daemon.Limited(call, [&](virConnectPtr connection) -> absl::StatusOr<std::string> {
    unsigned long library = 0, hypervisor = 0;
    if (virConnectGetLibVersion(connection, &library) < 0) {
      return daemon.Failure(TakeLastError(), "reading versions", call);
    }
    std::string versions = "libvirt " + text(library);
    const char* type = virConnectGetType(connection);
    if (type != nullptr && virConnectGetVersion(connection, &hypervisor) == 0) {
      versions += std::string(", ") + type + " " + text(hypervisor);
    }
    return versions;
  });
}

}  // namespace innkeeper
