#pragma once
// Takes over the hosts that virt-ipa-joiner made for VMs that are here
// (docs/adr/0006-adopting-virt-ipa-joiners-hosts.md). Each host, in this order:
//
//   1 its Guest is written as enrolled under the host's name, with `unsure_until`: whoever
//     reconciles it keeps still that long
//   2 the host is claimed: tag and new description in one change, read back
//   3 a password that waits is replaced by one that nobody knows
//   4 the Guest's `unsure_until` ends, and its key is proven like any other
//
// Died after 1: the host is not ours, which the next look finds (Conflict). After 2: it is ours,
// and the Guest knows it.

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "coordinator/guests/identity_reconciler.h"
#include "coordinator/guests/joiner_judgement.h"

namespace innkeeper {

struct JoinerWish {
  std::string domain;          // the joiner's DOMAIN; empty: FreeIPA's
  std::string space;           // only of this namespace; empty: of all
  std::optional<GuestKey> vm;  // only of this VM, also if the joiner left no mark on it
};

enum class JoinerAction {
  kAdopt,    // would be taken over
  kAdopted,  // was
  kLeave,
  kFail,  // was not, though it should: see detail
};
const char* NameOf(JoinerAction action);  // "adopt", "adopted", "leave", "failed"

// One host, or a VM with the joiner's finalizer whose host is not there.
struct JoinerRow {
  Fqdn fqdn;
  GuestKey vm;        // empty: none
  std::string state;  // StateOf; "none": the joiner made none
  JoinerAction action = JoinerAction::kLeave;
  std::string detail;
};
struct JoinerReport {
  std::vector<JoinerRow> rows;  // by name
  size_t hosts_seen = 0;        // that the joiner made
};

class JoinerAdoption {
 public:
  // What they refer to outlives it.
  JoinerAdoption(Seams seams, const IdentitySettings& settings)
      : seams_(seams), settings_(settings) {}

  // What Apply would do; changes nothing. UNAVAILABLE: not all VMs are known yet. Blocks on
  // FreeIPA.
  absl::StatusOr<JoinerReport> Plan(const JoinerWish& wish, const Call& call);

  // Does it. A host that fails says so in its row, and the others go on. FAILED_PRECONDITION: all
  // writes are paused. PERMISSION_DENIED: FreeIPA does not let us (`ipa grant virt-ipa-joiner`);
  // nothing was changed.
  absl::StatusOr<JoinerReport> Apply(const JoinerWish& wish, const Call& call);

 private:
  struct Case {
    JoinerHostSeen seen;
    JoinerRow row;
  };
  struct Found {
    std::vector<Case> cases;
    size_t hosts_seen = 0;
  };
  absl::StatusOr<Found> Find(const JoinerWish& wish, const Call& call);
  absl::StatusOr<NamingFacts> Naming(const Call& call);
  absl::StatusOr<Case> Judge(HostRecord host, const std::vector<VmRecord>& vms,
                             const JoinerWish& wish, const NamingFacts& naming, const Call& call);
  absl::StatusOr<std::optional<Guest>> FindGuest(const GuestKey& key, const Call& call);
  absl::Status AddHostless(const std::vector<VmRecord>& vms, const std::set<Fqdn>& known,
                           const std::string& domain, Found& found, const Call& call);
  absl::Status AdoptOne(Case& one, const Call& call);
  absl::StatusOr<Guest> Reserve(const Case& one, const Call& call);
  void Release(const Case& one, const Guest& reserved, const Call& call);
  std::string WithdrawPassword(const Fqdn& fqdn, const Call& call);

  const Seams seams_;
  const IdentitySettings& settings_;
};

}  // namespace innkeeper
