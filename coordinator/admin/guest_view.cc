#include "coordinator/admin/guest_view.h"

#include "coordinator/guests/names.h"
#include "proto/time.h"

namespace innkeeper {
namespace {

void ShowSpec(const IdentitySpec& spec, admin::v1::IdentitySpec& out) {
  out.set_enroll(NameOf(spec.enroll));
  out.set_fqdn(spec.fqdn);
  out.mutable_host_groups()->Assign(spec.host_groups.begin(), spec.host_groups.end());
  out.set_host_class(spec.host_class);
  out.set_generation(spec.generation);
}

void ShowConditions(const GuestStatus& status, admin::v1::GuestStatus& out) {
  for (const auto& [type, condition] : status.conditions) {
    admin::v1::Condition& shown = *out.add_conditions();
    shown.set_type(NameOf(type));
    shown.set_status(NameOf(condition.truth));
    shown.set_reason(TextOf(condition.reason).code);
    shown.set_message(condition.message);
    *shown.mutable_since() = ToProtoTime(condition.since);
  }
}

// "joining 12s": the phase of the job that runs in the guest now.
std::string Progress(const VmRecord& vm, absl::Time now) {
  for (const auto& [id, job] : vm.jobs) {
    if (job.result || job.kind == JobKind::kInspect) continue;
    const std::string phase = job.phase.empty() ? "queued" : job.phase;
    return phase + " " + std::to_string(absl::ToInt64Seconds(now - job.sent)) + "s";
  }
  return "";
}

void ShowVm(const VmRecord& vm, absl::Time now, admin::v1::GuestStatus& out) {
  out.set_node(vm.node.text);
  out.set_agent(vm.node_connected ? NameOf(vm.agent) : "unknown");
  out.set_run_state(vm.node_connected ? NameOf(vm.run) : "unknown");
  out.set_progress(Progress(vm, now));
  if (!vm.claims) return;
  out.mutable_addresses()->Assign(vm.claims->addresses.begin(), vm.claims->addresses.end());
  out.set_os(vm.claims->os_name);
  *out.mutable_clock_skew() = ToProtoDuration(vm.claims->clock_skew);
}

}  // namespace

admin::v1::Guest ShowGuest(const Guest& guest, const std::optional<VmRecord>& vm, absl::Time now) {
  admin::v1::Guest out;
  out.set_namespace_(guest.key.space);
  out.set_name(guest.key.name);
  out.set_uid(guest.uid.text);
  *out.mutable_created() = ToProtoTime(guest.created);
  ShowSpec(guest.spec, *out.mutable_identity());
  const GuestStatus& status = guest.status;
  admin::v1::GuestStatus& shown = *out.mutable_status();
  shown.set_fqdn(status.fqdn.text);
  shown.set_phase(NameOf(status.phase));
  shown.set_host_dn(status.host_dn);
  shown.set_node(status.node.text);
  shown.set_attempts(status.failures);
  if (status.keytab_since) *shown.mutable_keytab_since() = ToProtoTime(*status.keytab_since);
  if (status.enroll_took) *shown.mutable_enroll_took() = ToProtoDuration(*status.enroll_took);
  if (status.next_try) *shown.mutable_next_try() = ToProtoTime(*status.next_try);
  for (const auto& [phase, time] : status.phase_times) {
    (*shown.mutable_phase_times())[NameOf(phase)] = ToProtoTime(time);
  }
  ShowConditions(status, shown);
  shown.set_agent("unknown");
  shown.set_run_state("unknown");
  if (vm) ShowVm(*vm, now, shown);
  return out;
}

admin::v1::Event ShowEvent(const EventRecord& event) {
  admin::v1::Event out;
  out.set_id(event.id);
  *out.mutable_time() = ToProtoTime(event.time);
  out.set_namespace_(event.guest.space);
  out.set_guest(event.guest.name);
  out.set_severity(NameOf(event.severity));
  out.set_reason(TextOf(event.reason).code);
  out.set_message(event.message);
  return out;
}

admin::v1::Operation ShowOperation(const OperationState& state, int64_t allowed) {
  admin::v1::Operation out;
  out.set_paused(state.paused);
  out.set_paused_by(state.paused_by);
  out.set_brake(state.brake);
  out.set_brake_reason(state.brake_reason);
  out.set_removals_in_window(static_cast<int32_t>(state.removals.size()));
  out.set_removals_allowed(static_cast<int32_t>(allowed));
  return out;
}

}  // namespace innkeeper
