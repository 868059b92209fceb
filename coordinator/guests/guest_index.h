#pragma once
// What must be known across guests without asking the store each time: who claims which name, how
// many identities a namespace has, how many guests are in each phase. Filled from the whole store
// before the first reconcile, then kept by the reconciler. Thread-safe; in memory; never blocks.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "coordinator/guests/guest.h"
#include "coordinator/guests/policy.h"

namespace innkeeper {

class GuestIndex {
 public:
  void Set(const Guest& guest);
  void Erase(const GuestKey& key);

  // The version that was Set last, zero for a guest that is not known.
  int64_t VersionOf(const GuestKey& key) const;

  // Gives the name to the guest, if nobody else has it and the namespace's quota allows one more
  // (negative: no limit). Else why not. A guest that has the name already keeps it.
  std::optional<PolicyDecision::Refusal> Claim(const GuestKey& key, const Fqdn& fqdn,
                                               int64_t quota);

  std::map<Phase, size_t> CountByPhase() const;
  std::vector<GuestKey> Keys() const;

 private:
  struct Entry {
    Phase phase = Phase::kNotEnrolled;
    Fqdn fqdn;  // empty: no identity
    int64_t version = 0;
  };
  struct Tables {
    std::map<GuestKey, Entry> guests;
    std::map<Fqdn, GuestKey> names;
    std::map<std::string, int64_t> identities;  // by namespace
    std::map<Phase, size_t> phases;
  };
  static void Remove(Tables& tables, const GuestKey& key);
  static void Insert(Tables& tables, const GuestKey& key, Entry entry);
  mutable Guarded<Tables> tables_;
};

}  // namespace innkeeper
