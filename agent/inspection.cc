#include "agent/inspection.h"

#include "agent/guest_result.h"
#include "proto/time.h"

namespace innkeeper {
namespace {

constexpr size_t kNameCap = 255;

// Failures that say something about one command, not about the whole agent.
bool ConcernsOneCommand(const absl::Status& status) {
  switch (FailureOf(status)) {
    case AgentFailure::kBlocked:
    case AgentFailure::kUnsupported:
    case AgentFailure::kFrozen:
    case AgentFailure::kPermission:
    case AgentFailure::kBadAnswer:
      return true;
    default:
      return false;
  }
}

absl::Status Tolerate(const absl::Status& status) {
  return ConcernsOneCommand(status) ? absl::OkStatus() : status;
}

void FillAddresses(const GuestAddresses& seen, agent::v1::GuestFacts& facts) {
  for (const GuestAddress& address : seen.addresses) {
    agent::v1::Address& out = *facts.add_addresses();
    out.set_text(CleanGuestText(address.text, 64));
    out.set_mac(CleanGuestText(address.mac, 32));
  }
  facts.set_truncated(seen.truncated);
}

absl::Status FillSystem(GuestAgent& guest, const DomainId& id, const Call& call,
                        agent::v1::GuestFacts& facts) {
  const absl::StatusOr<GuestOs> os = guest.Os(id, call);
  RETURN_IF_ERROR(Tolerate(os.status()));
  if (os.ok()) {
    facts.set_os_id(CleanGuestText(os->id, 64));
    facts.set_os_name(CleanGuestText(os->name, kNameCap));
  }
  const absl::StatusOr<std::string> host_name = guest.HostName(id, call);
  RETURN_IF_ERROR(Tolerate(host_name.status()));
  if (host_name.ok()) facts.set_host_name(CleanGuestText(*host_name, kNameCap));
  const absl::StatusOr<GuestAddresses> addresses = guest.Addresses(id, call);
  RETURN_IF_ERROR(Tolerate(addresses.status()));
  if (addresses.ok()) FillAddresses(*addresses, facts);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<agent::v1::GuestFacts> InspectGuest(GuestAgent& guest, const DomainId& id,
                                                   const Clock& clock, const Call& call) {
  agent::v1::GuestFacts facts;
  ASSIGN_OR_RETURN(const GuestAgentAbilities can, guest.Abilities(id, call));
  facts.set_agent_version(CleanGuestText(can.version, 64));
  facts.set_exec_allowed(can.exec);
  facts.set_file_read_allowed(can.file_read);
  facts.set_frozen(can.frozen);
  *facts.mutable_checked() = ToProtoTime(clock.Now());
  if (can.frozen) return facts;  // every other question would be refused
  RETURN_IF_ERROR(FillSystem(guest, id, call, facts));
  const absl::StatusOr<absl::Time> time = guest.Time(id, call);
  RETURN_IF_ERROR(Tolerate(time.status()));
  if (time.ok()) *facts.mutable_clock_skew() = ToProtoDuration(*time - clock.Now());
  return facts;
}

}  // namespace innkeeper
