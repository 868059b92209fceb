#pragma once
// Compares FreeIPA's hosts with our guests, both ways, and rebuilds guests from our own hosts' tags
// after a lost database. Touches no host, and no record that exists.

#include <functional>
#include <string>
#include <vector>

#include "coordinator/guests/identity_reconciler.h"

namespace innkeeper {

enum class FindingKind {
  kHostWithoutGuest,  // carries our tag, and no guest of ours is meant
  kGuestWithoutHost,  // registered, and FreeIPA has no such host
  kHostNotOurs,       // a guest's name, without our cluster's tag
  kTagDiffers,        // our tag, but of another guest than the one that has the name
  kDeletingLeft,      // about to be deleted by a term that did not finish, and no guest knows
};
const char* NameOf(FindingKind kind);  // "HostWithoutGuest"

struct Finding {
  FindingKind kind = FindingKind::kHostWithoutGuest;
  Fqdn fqdn;
  GuestKey guest;  // ours, or the tag's
  VmUid uid;       // the tag's
  std::string detail;
  bool adoptable = false;   // Adopt would make a guest of it
  bool has_keytab = false;  // of the host
};
struct AuditReport {
  std::vector<Finding> findings;  // by name
  size_t hosts_seen = 0;
  size_t guests_seen = 0;
};

class Audit {
 public:
  Audit(Seams seams, ClusterId cluster) : seams_(seams), cluster_(std::move(cluster)) {}

  // Blocks: one search in FreeIPA, and one look for each guest that it did not return.
  absl::StatusOr<AuditReport> Run(const Call& call);

  // Makes a guest of every adoptable finding. What is left is reported.
  absl::StatusOr<AuditReport> Adopt(const Call& call);

  // One search only: tells which enrolled guests have no host, or no key, in FreeIPA.
  absl::Status Sweep(const std::function<void(const GuestKey&)>& suspect, const Call& call);

 private:
  absl::StatusOr<std::vector<Guest>> Guests(const Call& call);
  absl::Status JudgeUnreturned(const Guest& guest, AuditReport& report, const Call& call);
  absl::Status AdoptOne(const Finding& finding, const Call& call);

  const Seams seams_;
  const ClusterId cluster_;
};

}  // namespace innkeeper
