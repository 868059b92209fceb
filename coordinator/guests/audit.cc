#include "coordinator/guests/audit.h"

#include <algorithm>
#include <map>

#include "coordinator/guests/guest_report.h"
#include "coordinator/guests/plan_parts.h"
#include "coordinator/guests/wish.h"

namespace innkeeper {
namespace {

constexpr size_t kPage = 500;  // guests per read of the store

struct Tables {
  std::map<VmUid, const Guest*> by_uid;
  std::map<Fqdn, const Guest*> by_name;
};

Tables Index(const std::vector<Guest>& guests) {
  Tables tables;
  for (const Guest& guest : guests) {
    tables.by_uid[guest.uid] = &guest;
    if (HasIdentity(guest)) tables.by_name[guest.status.fqdn] = &guest;
  }
  return tables;
}

template <class Map, class Key>
const Guest* Find(const Map& map, const Key& key) {
  const auto it = map.find(key);
  return it == map.end() ? nullptr : it->second;
}

// Nothing: the host is what its guest says.
std::optional<Finding> JudgeHost(const HostRecord& host, const OwnerTag& tag,
                                 const Tables& tables) {
  Finding finding;
  finding.fqdn = host.fqdn;
  finding.guest = tag.guest;
  finding.uid = tag.uid;
  finding.has_keytab = host.has_keytab;
  const Guest* namesake = Find(tables.by_name, host.fqdn);
  if (namesake != nullptr) {
    if (namesake->uid == tag.uid) return std::nullopt;
    finding.kind = FindingKind::kTagDiffers;
    finding.guest = namesake->key;
    finding.detail = "the tag names " + tag.guest.Text() + ", uid " + tag.uid.text;
    return finding;
  }
  finding.kind = tag.deleting_term ? FindingKind::kDeletingLeft : FindingKind::kHostWithoutGuest;
  const Guest* owner = Find(tables.by_uid, tag.uid);
  if (owner != nullptr) {
    finding.detail = "its guest " + owner->key.Text() + " has " +
                     (HasIdentity(*owner) ? "the name " + owner->status.fqdn.text : "no identity");
    return finding;
  }
  finding.adoptable = true;
  finding.detail = host.has_keytab ? "enrolled" : "registered";
  return finding;
}

// Of the spec nothing is known but that somebody wanted it: the metadata may still say so.
Guest GuestOf(const Finding& finding, const std::optional<VmRecord>& vm, absl::Time now) {
  Guest guest;
  guest.key = finding.guest;
  guest.uid = finding.uid;
  guest.created = now;
  if (!vm || vm->wish == Wish::kUnset) guest.spec.enroll = Wish::kYes;
  GuestStatus& status = guest.status;
  status.fqdn = finding.fqdn;
  if (finding.has_keytab) status.enrolled_generation = guest.spec.generation;
  SetPhase(status, Phase::kRegistered, now);
  SetCondition(status, ConditionType::kHostRegistered, Truth::kTrue, Reason::kAdopted,
               "host " + finding.fqdn.text, now);
  return guest;
}

}  // namespace

const char* NameOf(FindingKind kind) {
  switch (kind) {
    case FindingKind::kHostWithoutGuest:
      return "HostWithoutGuest";
    case FindingKind::kGuestWithoutHost:
      return "GuestWithoutHost";
    case FindingKind::kHostNotOurs:
      return "HostNotOurs";
    case FindingKind::kTagDiffers:
      return "TagDiffers";
    case FindingKind::kDeletingLeft:
      break;
  }
  return "DeletingLeft";
}

absl::StatusOr<std::vector<Guest>> Audit::Guests(const Call& call) {
  std::vector<Guest> all;
  std::optional<GuestKey> after;
  while (true) {
    ASSIGN_OR_RETURN(std::vector<Guest> page, seams_.store.List(after, kPage, call));
    if (page.empty()) return all;
    after = page.back().key;
    std::move(page.begin(), page.end(), std::back_inserter(all));
  }
}

absl::StatusOr<AuditReport> Audit::Run(const Call& call) {
  // Hosts first: a guest made between the two reads then only lacks its host, and is looked at.
  ASSIGN_OR_RETURN(const std::vector<HostRecord> hosts, seams_.ipa.FindHostsOf(cluster_, call));
  ASSIGN_OR_RETURN(const std::vector<Guest> guests, Guests(call));
  const Tables tables = Index(guests);
  AuditReport report;
  report.hosts_seen = hosts.size();
  report.guests_seen = guests.size();
  std::set<Fqdn> returned;
  for (const HostRecord& host : hosts) {
    const std::optional<OwnerTag> tag = host.Owner();
    if (!tag || tag->cluster != cluster_) continue;
    returned.insert(host.fqdn);
    if (std::optional<Finding> finding = JudgeHost(host, *tag, tables))
      report.findings.push_back(*std::move(finding));
  }
  for (const Guest& guest : guests) {
    if (!HasIdentity(guest) || returned.contains(guest.status.fqdn)) continue;
    RETURN_IF_ERROR(JudgeUnreturned(guest, report, call));
  }
  std::sort(report.findings.begin(), report.findings.end(),
            [](const Finding& a, const Finding& b) { return a.fqdn < b.fqdn; });
  return report;
}

absl::Status Audit::JudgeUnreturned(const Guest& guest, AuditReport& report, const Call& call) {
  Finding finding;
  finding.fqdn = guest.status.fqdn;
  finding.guest = guest.key;
  finding.uid = guest.uid;
  const absl::StatusOr<HostRecord> host = seams_.ipa.ShowHost(guest.status.fqdn, call);
  if (absl::IsNotFound(host.status())) {
    if (!plan::IsRegistered(guest)) return absl::OkStatus();  // not made yet
    finding.kind = FindingKind::kGuestWithoutHost;
    finding.detail = "FreeIPA has no such host";
    report.findings.push_back(std::move(finding));
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(host.status());
  const std::optional<OwnerTag> tag = host->Owner();
  if (tag && tag->cluster == cluster_) return absl::OkStatus();  // made after the search
  finding.kind = FindingKind::kHostNotOurs;
  finding.detail = tag ? "it carries the tag of cluster " + tag->cluster.text : "it carries no tag";
  report.findings.push_back(std::move(finding));
  return absl::OkStatus();
}

absl::Status Audit::AdoptOne(const Finding& finding, const Call& call) {
  const std::optional<VmRecord> vm = seams_.inventory.Find(finding.uid);
  const absl::Status made =
      seams_.store.Create(GuestOf(finding, vm, seams_.clock.Now()), call).status();
  // Somebody has the key or the uid by now: the next report says what is left of it.
  if (absl::IsAlreadyExists(made)) return absl::OkStatus();
  RETURN_IF_ERROR(made);
  seams_.recorder.Record(finding.guest, Reason::kAdopted, "host " + finding.fqdn.text);
  return absl::OkStatus();
}

absl::StatusOr<AuditReport> Audit::Adopt(const Call& call) {
  if (!seams_.leadership.Leads()) return absl::UnavailableError("another one leads");
  ASSIGN_OR_RETURN(const AuditReport found, Run(call));
  for (const Finding& finding : found.findings) {
    if (finding.adoptable) RETURN_IF_ERROR(AdoptOne(finding, call));
  }
  return Run(call);
}

absl::Status Audit::Sweep(const std::function<void(const GuestKey&)>& suspect, const Call& call) {
  // Guests first: a host made or a key got between the two reads is then seen.
  ASSIGN_OR_RETURN(const std::vector<Guest> guests, Guests(call));
  ASSIGN_OR_RETURN(const std::vector<HostRecord> hosts, seams_.ipa.FindHostsOf(cluster_, call));
  std::set<Fqdn> with_key;
  for (const HostRecord& host : hosts) {
    if (host.has_keytab) with_key.insert(host.fqdn);
  }
  for (const Guest& guest : guests) {
    if (plan::IsEnrolled(guest) && !with_key.contains(guest.status.fqdn)) suspect(guest.key);
  }
  return absl::OkStatus();
}

}  // namespace innkeeper
