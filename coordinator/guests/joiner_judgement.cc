#include "coordinator/guests/joiner_judgement.h"

#include "coordinator/guests/guest_report.h"
#include "coordinator/guests/plan_parts.h"
#include "coordinator/guests/wish.h"

namespace innkeeper {
namespace {

using Objection = std::optional<std::string>;

Objection AgainstHost(const JoinerHostSeen& seen) {
  const std::optional<OwnerTag> tag = seen.host.Owner();
  if (tag && tag->cluster == seen.cluster)
    return "it carries our tag already, of guest " + tag->guest.Text();
  if (tag) return "it carries the tag of cluster " + tag->cluster.text;
  if (CarriesSomeTag(seen.host)) return std::string("it carries a tag that cannot be read");
  return std::nullopt;
}

Objection AgainstVm(const JoinerHostSeen& seen) {
  if (seen.vms.empty())
    return std::string(
        "no VM of that name is here: it may be another cluster's; delete the host by hand if "
        "nobody needs it");
  if (seen.vms.size() > 1) return std::string("several VMs have that name");
  const VmRecord& vm = seen.vms.front();
  if (vm.deleting) return std::string("its VM is being deleted: delete the host by hand");
  if (vm.joiner_finalizer || vm.joiner_marked || seen.vm_named) return std::nullopt;
  return "VM " + vm.key.Text() +
         " carries neither the finalizer nor the annotation of virt-ipa-joiner: name it to adopt "
         "the host all the same";
}

Objection AgainstGuest(const JoinerHostSeen& seen) {
  if (!seen.guest) return std::nullopt;
  const Guest& guest = *seen.guest;
  const GuestStatus& status = guest.status;
  if (guest.uid != seen.vms.front().uid)
    return std::string("the guest of that name is another VM's");
  if (guest.deleting || status.leaving_since) return std::string("the guest is being removed");
  // One that met this very host was begun, but no password was issued for it.
  if (plan::IsIssued(guest))
    return std::string("an enrolment attempt runs: ask again when it is over");
  if (status.unsure_until && *status.unsure_until > seen.now)
    return std::string("a write to FreeIPA may still be under way: ask again in a minute");
  if (plan::IsRegistered(guest)) return "the guest is registered already, as " + status.fqdn.text;
  return std::nullopt;
}

// Of what somebody wishes of this VM.
Objection AgainstWish(const JoinerHostSeen& seen) {
  Guest guest;
  if (seen.guest) guest = *seen.guest;
  const std::optional<VmRecord> vm = seen.vms.front();
  if (IntentOf(guest, vm) == Intent::kDecline || vm->wish == Wish::kNo)
    return std::string("its VM declines enrolment: delete the host by hand");
  const std::string wished = WishedFqdn(guest, vm);
  if (!wished.empty() && wished != seen.host.fqdn.text) return "its VM wishes the name " + wished;
  if (seen.policy.refusal) return seen.policy.refusal->message;
  return std::nullopt;
}

}  // namespace

const char* StateOf(const HostRecord& host) {
  if (host.has_keytab) return "enrolled";
  return host.has_password ? "password" : "no key";
}

JoinerVerdict JudgeJoinerHost(const JoinerHostSeen& seen) {
  for (const auto& judge : {AgainstHost, AgainstVm, AgainstGuest, AgainstWish}) {
    if (Objection objection = judge(seen)) return {false, *std::move(objection)};
  }
  if (seen.host.has_keytab) return {true, "its key stays; its description is replaced"};
  if (seen.host.has_password)
    return {true, "its password, which its description shows, is withdrawn; enrolled anew"};
  return {true, "its description is replaced; enrolled anew"};
}

GuestStatus AdoptedStatus(const GuestStatus& before, const HostRecord& host, int64_t generation,
                          absl::Time now) {
  GuestStatus status;
  status.password_generation = before.password_generation;
  if (host.has_password) ++status.password_generation;
  status.node = before.node;
  status.addresses = before.addresses;
  status.os = before.os;
  status.conditions = before.conditions;
  status.phase_times = before.phase_times;
  status.disk_loaded = before.disk_loaded;
  status.fqdn = host.fqdn;
  status.host_dn = host.dn;
  status.host_groups = host.host_groups;
  if (host.has_keytab) {
    status.enrolled_generation = generation;
    status.keytab_since = host.keytab_since;
  }
  SetPhase(status, Phase::kRegistered, now);
  SetCondition(status, ConditionType::kHostRegistered, Truth::kTrue, Reason::kAdopted,
               "host " + host.fqdn.text + ", made by virt-ipa-joiner", now);
  SetCondition(status, ConditionType::kEnrolled, Truth::kUnknown, Reason::kAdopted,
               host.has_keytab ? "FreeIPA holds its key; not proven yet" : "to be enrolled anew",
               now);
  return status;
}

}  // namespace innkeeper
