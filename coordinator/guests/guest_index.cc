#include "coordinator/guests/guest_index.h"

namespace innkeeper {

void GuestIndex::Remove(Tables& tables, const GuestKey& key) {
  const auto it = tables.guests.find(key);
  if (it == tables.guests.end()) return;
  --tables.phases[it->second.phase];
  const Fqdn& fqdn = it->second.fqdn;
  if (!fqdn.text.empty()) {
    const auto name = tables.names.find(fqdn);
    if (name != tables.names.end() && name->second == key) tables.names.erase(name);
    if (--tables.identities[key.space] == 0) tables.identities.erase(key.space);
  }
  tables.guests.erase(it);
}

void GuestIndex::Insert(Tables& tables, const GuestKey& key, Entry entry) {
  ++tables.phases[entry.phase];
  if (!entry.fqdn.text.empty()) {
    tables.names.try_emplace(entry.fqdn, key);
    ++tables.identities[key.space];
  }
  tables.guests[key] = std::move(entry);
}

void GuestIndex::Set(const Guest& guest) {
  tables_.With([&](Tables& tables) {
    Remove(tables, guest.key);
    Insert(tables, guest.key, {guest.status.phase, guest.status.fqdn, guest.version});
  });
}

void GuestIndex::Erase(const GuestKey& key) {
  tables_.With([&](Tables& tables) { Remove(tables, key); });
}

std::optional<PolicyDecision::Refusal> GuestIndex::Claim(const GuestKey& key, const Fqdn& fqdn,
                                                         int64_t quota) {
  using Refusal = PolicyDecision::Refusal;
  return tables_.With([&](Tables& tables) -> std::optional<Refusal> {
    if (const auto name = tables.names.find(fqdn); name != tables.names.end()) {
      if (name->second == key) return std::nullopt;
      return Refusal{Reason::kNameTaken, fqdn.text + " is the name of " + name->second.Text()};
    }
    const auto count = tables.identities.find(key.space);
    const int64_t had = count == tables.identities.end() ? 0 : count->second;
    if (quota >= 0 && had >= quota)
      return Refusal{Reason::kQuotaExceeded, "namespace " + key.space + " has " +
                                                 std::to_string(had) + " of " +
                                                 std::to_string(quota) + " identities"};
    const auto guest = tables.guests.find(key);
    Entry entry = guest == tables.guests.end() ? Entry{} : guest->second;
    entry.fqdn = fqdn;
    Remove(tables, key);
    Insert(tables, key, std::move(entry));
    return std::nullopt;
  });
}

int64_t GuestIndex::VersionOf(const GuestKey& key) const {
  return tables_.With([&](Tables& tables) -> int64_t {
    const auto it = tables.guests.find(key);
    return it == tables.guests.end() ? 0 : it->second.version;
  });
}

std::map<Phase, size_t> GuestIndex::CountByPhase() const {
  return tables_.With([](Tables& tables) { return tables.phases; });
}

std::vector<GuestKey> GuestIndex::Keys() const {
  return tables_.With([](Tables& tables) {
    std::vector<GuestKey> keys;
    for (const auto& [key, entry] : tables.guests) keys.push_back(key);
    return keys;
  });
}

}  // namespace innkeeper
