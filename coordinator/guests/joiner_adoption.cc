#include "coordinator/guests/joiner_adoption.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "coordinator/guests/plan_parts.h"
#include "coordinator/guests/wish.h"

namespace innkeeper {
namespace {

// As the joiner made it.
std::string NameFor(const GuestKey& vm, const std::string& domain) {
  return absl::AsciiStrToLower(vm.name + "." + vm.space + "." + domain);
}

bool IsWished(const GuestKey& vm, const JoinerWish& wish) {
  if (wish.vm) return vm == *wish.vm;
  return wish.space.empty() || vm.space == wish.space;
}

JoinerReport ReportOf(std::vector<JoinerRow> rows, size_t hosts_seen) {
  std::sort(rows.begin(), rows.end(),
            [](const JoinerRow& a, const JoinerRow& b) { return a.fqdn < b.fqdn; });
  return {std::move(rows), hosts_seen};
}

}  // namespace

const char* NameOf(JoinerAction action) {
  switch (action) {
    case JoinerAction::kAdopt:
      return "adopt";
    case JoinerAction::kAdopted:
      return "adopted";
    case JoinerAction::kLeave:
      return "leave";
    case JoinerAction::kFail:
      break;
  }
  return "failed";
}

absl::StatusOr<NamingFacts> JoinerAdoption::Naming(const Call& call) {
  if (!settings_.naming.domain.empty()) return settings_.naming;
  ASSIGN_OR_RETURN(const IpaFacts facts, seams_.ipa.Facts(call));
  return NamingFacts{facts.domain, facts.longest_host_name};
}

absl::StatusOr<std::optional<Guest>> JoinerAdoption::FindGuest(const GuestKey& key,
                                                               const Call& call) {
  absl::StatusOr<Guest> guest = seams_.store.Get(key, call);
  if (absl::IsNotFound(guest.status())) return std::optional<Guest>();
  RETURN_IF_ERROR(guest.status());
  return std::optional<Guest>(*std::move(guest));
}

absl::StatusOr<JoinerAdoption::Case> JoinerAdoption::Judge(HostRecord host,
                                                           const std::vector<VmRecord>& vms,
                                                           const JoinerWish& wish,
                                                           const NamingFacts& naming,
                                                           const Call& call) {
  Case one;
  one.row.fqdn = host.fqdn;
  one.row.state = StateOf(host);
  JoinerHostSeen& seen = one.seen;
  seen.host = std::move(host);
  seen.vms = vms;
  seen.cluster = settings_.cluster;
  seen.vm_named = wish.vm.has_value();
  seen.now = seams_.clock.Now();
  if (!vms.empty()) {
    one.row.vm = vms.front().key;
    ASSIGN_OR_RETURN(seen.guest, FindGuest(one.row.vm, call));
    Guest as_adopted;
    if (seen.guest) as_adopted = *seen.guest;
    as_adopted.key = one.row.vm;
    as_adopted.status.fqdn = seen.host.fqdn;
    seen.policy = Decide(settings_.policy, as_adopted, vms.front(), naming);
  }
  const JoinerVerdict verdict = JudgeJoinerHost(seen);
  one.row.action = verdict.adopt ? JoinerAction::kAdopt : JoinerAction::kLeave;
  one.row.detail = verdict.why;
  return one;
}

absl::StatusOr<JoinerAdoption::Found> JoinerAdoption::Find(const JoinerWish& wish,
                                                           const Call& call) {
  // Before that, a VM that is there would look as if it were not.
  if (!seams_.inventory.Settled())
    return absl::UnavailableError("not all VMs are known yet: ask again in a minute");
  ASSIGN_OR_RETURN(const NamingFacts naming, Naming(call));
  const std::string& domain = wish.domain.empty() ? naming.domain : wish.domain;
  std::vector<VmRecord> wished;
  std::map<std::string, std::vector<VmRecord>> by_name;
  for (VmRecord& vm : seams_.inventory.List()) {
    if (vm.presence != VmPresence::kPresent || !vm.persistent) continue;
    if (IsWished(vm.key, wish)) wished.push_back(vm);
    by_name[NameFor(vm.key, domain)].push_back(std::move(vm));
  }
  ASSIGN_OR_RETURN(std::vector<HostRecord> hosts,
                   seams_.ipa.FindHostsDescribed(kJoinerDescription, call));
  Found found;
  found.hosts_seen = hosts.size();
  std::set<Fqdn> known;
  const bool whole = !wish.vm && wish.space.empty();
  for (HostRecord& host : hosts) {
    known.insert(host.fqdn);
    const std::vector<VmRecord>& vms = by_name[host.fqdn.text];
    if (vms.empty() ? !whole : !IsWished(vms.front().key, wish)) continue;
    ASSIGN_OR_RETURN(Case one, Judge(std::move(host), vms, wish, naming, call));
    found.cases.push_back(std::move(one));
  }
  RETURN_IF_ERROR(AddHostless(wished, known, domain, found, call));
  return found;
}

// VMs that the joiner held and whose host is not there, or is ours by now: people ask what becomes
// of them.
absl::Status JoinerAdoption::AddHostless(const std::vector<VmRecord>& vms,
                                         const std::set<Fqdn>& known, const std::string& domain,
                                         Found& found, const Call& call) {
  for (const VmRecord& vm : vms) {
    const Fqdn fqdn{NameFor(vm.key, domain)};
    if (!vm.joiner_finalizer || known.contains(fqdn)) continue;
    ASSIGN_OR_RETURN(const std::optional<Guest> guest, FindGuest(vm.key, call));
    if (guest && guest->uid == vm.uid && plan::IsRegistered(*guest)) continue;
    const bool ours = vm.wish == Wish::kYes || (guest && guest->uid == vm.uid);
    Case one;
    one.row = {fqdn, vm.key, "none", JoinerAction::kLeave,
               ours ? "the VM carries the joiner's finalizer: taken off when the VM is deleted"
                    : "the VM carries the joiner's finalizer and does not ask for enrolment: take "
                      "it off by hand"};
    found.cases.push_back(std::move(one));
  }
  return absl::OkStatus();
}

absl::StatusOr<JoinerReport> JoinerAdoption::Plan(const JoinerWish& wish, const Call& call) {
  ASSIGN_OR_RETURN(Found found, Find(wish, call));
  std::vector<JoinerRow> rows;
  for (Case& one : found.cases) rows.push_back(std::move(one.row));
  return ReportOf(std::move(rows), found.hosts_seen);
}

absl::StatusOr<JoinerReport> JoinerAdoption::Apply(const JoinerWish& wish, const Call& call) {
  if (!seams_.leadership.Leads())
    return absl::UnavailableError("another coordinator leads: ask that one");
  if (seams_.operation.State().paused)
    return absl::FailedPreconditionError("all writes are paused: `innkeeper resume` first");
  ASSIGN_OR_RETURN(Found found, Find(wish, call));
  std::vector<JoinerRow> rows;
  bool any = false;
  for (Case& one : found.cases) {
    if (one.row.action == JoinerAction::kAdopt) {
      Call bounded = call.AtMost(settings_.timings.unknown_outcome);
      bounded.deadline = std::min(bounded.deadline, seams_.leadership.WriteUntil());
      const absl::Status adopted = AdoptOne(one, bounded);
      // The right is for all or for none of them.
      if (absl::IsPermissionDenied(adopted) && !any)
        return absl::PermissionDeniedError(
            "FreeIPA does not let this coordinator take over virt-ipa-joiner's hosts: run "
            "`innkeeper-coordinator ipa grant virt-ipa-joiner` first; nothing was changed");
      any = any || adopted.ok();
      one.row.action = adopted.ok() ? JoinerAction::kAdopted : JoinerAction::kFail;
      if (!adopted.ok())
        one.row.detail = std::string(adopted.message()) + "; run it again to go on";
    }
    rows.push_back(std::move(one.row));
  }
  return ReportOf(std::move(rows), found.hosts_seen);
}

// The Guest as it will be, kept still for now.
absl::StatusOr<Guest> JoinerAdoption::Reserve(const Case& one, const Call& call) {
  const JoinerHostSeen& seen = one.seen;
  const VmRecord& vm = seen.vms.front();
  Guest guest;
  if (seen.guest) guest = *seen.guest;
  const GuestStatus status =
      AdoptedStatus(guest.status, seen.host, guest.spec.generation, seams_.clock.Now());
  guest.status = status;
  guest.status.unsure_until =
      seams_.clock.Now() + absl::FromChrono(settings_.timings.unknown_outcome);
  if (seen.guest) {
    ASSIGN_OR_RETURN(guest.version, seams_.store.UpdateStatus(guest, call));
    return guest;
  }
  guest.key = vm.key;
  guest.uid = vm.uid;
  guest.created = seams_.clock.Now();
  // The label that once asked for it is gone; adopting it on request is a wish, too.
  if (vm.wish == Wish::kUnset) guest.spec.enroll = Wish::kYes;
  return seams_.store.Create(std::move(guest), call);
}

// The host stays what it was, and so does the Guest. Best effort: else the next look finds it.
void JoinerAdoption::Release(const Case& one, const Guest& reserved, const Call& call) {
  if (!one.seen.guest) {
    static_cast<void>(seams_.store.Delete(reserved.key, reserved.version, call));
    return;
  }
  Guest before = *one.seen.guest;
  before.version = reserved.version;
  before.status.password_generation = reserved.status.password_generation;  // only ever rises
  static_cast<void>(seams_.store.UpdateStatus(before, call));
}

// What is to be told of it; empty: nothing. Our own next attempt replaces it in any case.
std::string JoinerAdoption::WithdrawPassword(const Fqdn& fqdn, const Call& call) {
  const absl::Status replaced = seams_.ipa.IssuePassword(fqdn, call).status();
  if (replaced.ok()) return "";
  if (absl::IsFailedPrecondition(replaced)) return "it was joined in this moment; its key stays";
  return "its old password could not be withdrawn yet (" + std::string(replaced.message()) +
         "): the next attempt replaces it";
}

absl::Status JoinerAdoption::AdoptOne(Case& one, const Call& call) {
  const HostRecord& host = one.seen.host;
  ASSIGN_OR_RETURN(Guest guest, Reserve(one, call));
  HostClaim claim;
  claim.fqdn = host.fqdn;
  claim.description = host.description;
  claim.owner = {settings_.cluster, guest.key, guest.uid, std::nullopt};
  claim.new_description = "Innkeeper guest " + guest.key.Text();
  if (const absl::Status claimed = seams_.ipa.ClaimHost(claim, call); !claimed.ok()) {
    if (!OutcomeUnknown(claimed)) Release(one, guest, call);
    return claimed;
  }
  if (host.has_password && !host.has_keytab) {
    const std::string told = WithdrawPassword(host.fqdn, call);
    if (!told.empty()) one.row.detail = told;
  }
  guest.status.unsure_until.reset();
  const absl::Status written = seams_.store.UpdateStatus(guest, call).status();
  // Not now: then it is looked at when `unsure_until` has passed.
  if (!written.ok() && !IsRetryable(written)) return written;
  seams_.recorder.Record(guest.key, Reason::kAdopted,
                         "host " + host.fqdn.text + ", made by virt-ipa-joiner, is this guest's");
  return absl::OkStatus();
}

}  // namespace innkeeper
