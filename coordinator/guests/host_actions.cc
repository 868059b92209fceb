// What a pass does to the host entry in FreeIPA.
#include "base/failpoint.h"
#include "coordinator/guests/guest_report.h"
#include "coordinator/guests/identity_pass.h"
#include "coordinator/guests/ownership.h"

namespace innkeeper {

absl::Status IdentityPass::ActOnHost(const Step& step) {
  switch (step.kind) {
    case ActionKind::kLookAtHost:
      return LookAtHost();
    case ActionKind::kAddHost:
      return AddHost(PasswordWish::kNone);
    case ActionKind::kAddHostForAttempt:
      return AddHost(PasswordWish::kRandom);
    case ActionKind::kNoteRegistered:
      return NoteRegistered(step);
    case ActionKind::kTakeHost:
      return TakeHost(step);
    case ActionKind::kAddToGroup:
      return AddToGroup(step);
    case ActionKind::kWithdrawPassword:
      return WithdrawPassword();
    default:
      return DisableHost(step);
  }
}

absl::Status IdentityPass::LookAtHost() {
  absl::StatusOr<HostRecord> host = seams_.ipa.ShowHost(status().fqdn, call_);
  if (absl::IsNotFound(host.status())) {
    seen_.host = {HostView::Seen::kAbsent, {}, false};
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(host.status());
  const std::optional<OwnerTag> tag = host->Owner();
  seen_.host = {HostView::Seen::kPresent, *std::move(host), tag && IsTagHolderGone(*tag)};
  return absl::OkStatus();
}

// Doubt (a store that cannot be asked) means no.
bool IdentityPass::IsTagHolderGone(const OwnerTag& tag) {
  if (tag.cluster != seen_.cluster || tag.uid == guest().uid) return false;
  const std::optional<VmRecord> vm = seams_.inventory.Find(tag.uid);
  if (vm && vm->presence != VmPresence::kRemoved) return false;
  return absl::IsNotFound(seams_.store.GetByUid(tag.uid, call_).status());
}

absl::Status IdentityPass::AddHost(PasswordWish wish) {
  NewHost host;
  host.fqdn = status().fqdn;
  host.owner = TagOf(seen_);
  host.host_class = seen_.policy.host_class;
  host.description = "Innkeeper guest " + guest().key.Text();
  host.password = wish;
  absl::StatusOr<IssuedPassword> added = seams_.ipa.AddHost(host, call_);
  if (absl::IsAlreadyExists(added.status())) return LookAtHost();
  RETURN_IF_ERROR(added.status());
  FAILPOINT("identity.host_added");
  HostRecord record;
  record.fqdn = host.fqdn;
  record.user_classes = {host.owner.Text()};
  record.has_password = wish == PasswordWish::kRandom;
  seen_.host = {HostView::Seen::kPresent, std::move(record), false};
  SetCondition(status(), ConditionType::kHostRegistered, Truth::kTrue, Reason::kHostRegistered,
               "host " + host.fqdn.text, seen_.now);
  if (wish == PasswordWish::kRandom) return StorePassword(*std::move(added));
  return Save();
}

absl::Status IdentityPass::NoteRegistered(const Step& step) {
  status().host_dn = seen_.host.record.dn;
  status().host_groups = seen_.host.record.host_groups;
  SetCondition(status(), ConditionType::kHostRegistered, Truth::kTrue, step.reason, step.message,
               seen_.now);
  return Save();
}

absl::Status IdentityPass::TakeHost(const Step& step) {
  const std::optional<OwnerTag> now = seen_.host.record.Owner();
  RETURN_IF_ERROR(seams_.ipa.Retag(status().fqdn, *now, TagOf(seen_), call_));
  if (step.reason == Reason::kAdopted)
    seams_.recorder.Record(guest().key, step.reason, step.message);
  seen_.host = {};  // read back before anything is built on it
  return absl::OkStatus();
}

absl::Status IdentityPass::AddToGroup(const Step& step) {
  const absl::Status joined = seams_.ipa.AddToHostGroup(step.order, status().fqdn, call_);
  if (absl::IsNotFound(joined)) {
    seen_.missing_group = step.order;
    SetCondition(status(), ConditionType::kHostRegistered, Truth::kTrue, Reason::kGroupMissing,
                 "no host group " + step.order, seen_.now);
    return Save();
  }
  RETURN_IF_ERROR(joined);
  status().host_groups.push_back(step.order);
  SetCondition(status(), ConditionType::kHostRegistered, Truth::kTrue, Reason::kHostRegistered,
               "host " + status().fqdn.text, seen_.now);
  return Save();
}

absl::Status IdentityPass::WithdrawPassword() {
  RETURN_IF_ERROR(RaisePasswordGeneration());
  // The answer is dropped unread: the host now has a password that nobody knows.
  const absl::Status replaced = seams_.ipa.IssuePassword(status().fqdn, call_).status();
  if (absl::IsFailedPrecondition(replaced) || absl::IsNotFound(replaced)) {
    seen_.host = {};  // enrolled or deleted in this moment: look again
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(replaced);
  FAILPOINT("identity.password_withdrawn");
  seen_.withdrawn = true;
  metrics_.Count(EnrolmentResult::kWithdrawn);
  return absl::OkStatus();
}

absl::Status IdentityPass::DisableHost(const Step& step) {
  RETURN_IF_ERROR(seams_.ipa.DisableHost(status().fqdn, call_));
  FAILPOINT("identity.host_disabled");
  seams_.recorder.Record(guest().key, step.reason,
                         "its key in FreeIPA was dropped: " + step.message);
  seen_.host.record.has_keytab = false;
  return absl::OkStatus();
}

}  // namespace innkeeper
