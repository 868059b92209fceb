#include "coordinator/guests/testing/fake_guest_store.h"

#include <utility>

namespace innkeeper {

void FakeGuestStore::Tell(const GuestKey& key) {
  for (const auto& listener : state_.With([](State& s) { return s.listeners; })) listener(key);
}

const Guest& FakeGuestStore::Read(State& state, const Row& row) {
  const bool stale = state.stale_one_in > 0 && state.random->Below(state.stale_one_in) == 0;
  return stale ? row.before : row.now;
}

absl::StatusOr<Guest> FakeGuestStore::Create(Guest guest, const Call& call) {
  RETURN_IF_ERROR(call.Check("create guest"));
  const absl::Status created = state_.With([&](State& s) -> absl::Status {
    RETURN_IF_ERROR(s.outage);
    for (const auto& [key, row] : s.rows) {
      if (key == guest.key || row.now.uid == guest.uid)
        return absl::AlreadyExistsError("guest " + guest.key.Text());
    }
    guest.version = s.next_version++;
    s.rows[guest.key] = {guest, guest};
    return absl::OkStatus();
  });
  RETURN_IF_ERROR(created);
  Tell(guest.key);
  return guest;
}

absl::StatusOr<Guest> FakeGuestStore::Get(const GuestKey& key, const Call& call) {
  RETURN_IF_ERROR(call.Check("get guest"));
  return state_.With([&](State& s) -> absl::StatusOr<Guest> {
    RETURN_IF_ERROR(s.outage);
    const auto it = s.rows.find(key);
    if (it == s.rows.end()) return absl::NotFoundError("guest " + key.Text());
    return Read(s, it->second);
  });
}

absl::StatusOr<Guest> FakeGuestStore::GetByUid(const VmUid& uid, const Call& call) {
  RETURN_IF_ERROR(call.Check("get guest"));
  return state_.With([&](State& s) -> absl::StatusOr<Guest> {
    RETURN_IF_ERROR(s.outage);
    for (const auto& [key, row] : s.rows) {
      if (row.now.uid == uid) return Read(s, row);
    }
    return absl::NotFoundError("guest of VM " + uid.text);
  });
}

template <class Change>
absl::StatusOr<int64_t> FakeGuestStore::Write(const Guest& guest, const Call& call,
                                              Change&& change) {
  RETURN_IF_ERROR(call.Check("write guest"));
  const auto version = state_.With([&](State& s) -> absl::StatusOr<int64_t> {
    RETURN_IF_ERROR(s.outage);
    const auto it = s.rows.find(guest.key);
    if (it == s.rows.end()) return absl::NotFoundError("guest " + guest.key.Text());
    Row& row = it->second;
    if (row.now.version != guest.version)
      return absl::AbortedError("guest " + guest.key.Text() + " was changed meanwhile");
    row.before = row.now;
    change(row.now);
    row.now.version = s.next_version++;
    return row.now.version;
  });
  if (version.ok()) Tell(guest.key);
  return version;
}

absl::StatusOr<int64_t> FakeGuestStore::UpdateSpec(const Guest& guest, const Call& call) {
  return Write(guest, call, [&](Guest& row) { row.spec = guest.spec; });
}

absl::StatusOr<int64_t> FakeGuestStore::UpdateStatus(const Guest& guest, const Call& call) {
  return Write(guest, call, [&](Guest& row) { row.status = guest.status; });
}

absl::StatusOr<int64_t> FakeGuestStore::MarkDeleting(const Guest& guest, const Call& call) {
  return Write(guest, call, [](Guest& row) { row.deleting = true; });
}

absl::StatusOr<int64_t> FakeGuestStore::Rebind(const Guest& guest, const VmUid& uid,
                                               const Call& call) {
  const bool taken = state_.With([&](State& s) {
    for (const auto& [key, row] : s.rows) {
      if (row.now.uid == uid) return true;
    }
    return false;
  });
  if (taken) return absl::AlreadyExistsError("VM " + uid.text + " has a guest");
  return Write(guest, call, [&](Guest& row) {
    row.uid = uid;
    row.status = guest.status;
  });
}

absl::Status FakeGuestStore::Delete(const GuestKey& key, int64_t version, const Call& call) {
  RETURN_IF_ERROR(call.Check("delete guest"));
  const absl::Status deleted = state_.With([&](State& s) -> absl::Status {
    RETURN_IF_ERROR(s.outage);
    const auto it = s.rows.find(key);
    if (it == s.rows.end()) return absl::NotFoundError("guest " + key.Text());
    if (it->second.now.version != version)
      return absl::AbortedError("guest " + key.Text() + " was changed meanwhile");
    s.rows.erase(it);
    return absl::OkStatus();
  });
  if (deleted.ok()) Tell(key);
  return deleted;
}

absl::StatusOr<std::vector<Guest>> FakeGuestStore::List(const std::optional<GuestKey>& after,
                                                        size_t limit, const Call& call) {
  RETURN_IF_ERROR(call.Check("list guests"));
  return state_.With([&](State& s) -> absl::StatusOr<std::vector<Guest>> {
    RETURN_IF_ERROR(s.outage);
    std::vector<Guest> page;
    auto it = after ? s.rows.upper_bound(*after) : s.rows.begin();
    for (; it != s.rows.end() && page.size() < limit; ++it) page.push_back(it->second.now);
    return page;
  });
}

void FakeGuestStore::OnChange(std::function<void(const GuestKey&)> changed) {
  state_.With([&](State& s) { s.listeners.push_back(std::move(changed)); });
}

void FakeGuestStore::MakeStale(Random& random, uint64_t one_in) {
  state_.With([&](State& s) {
    s.random = &random;
    s.stale_one_in = one_in;
  });
}

void FakeGuestStore::Fail(absl::Status outage) {
  state_.With([&](State& s) { s.outage = std::move(outage); });
}

void FakeGuestStore::ForgetListeners() {
  state_.With([](State& s) { s.listeners.clear(); });
}

}  // namespace innkeeper
