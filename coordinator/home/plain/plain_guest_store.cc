#include "coordinator/home/plain/plain_guest_store.h"

#include <algorithm>
#include <utility>

#include "coordinator/home/plain/rows.h"

namespace innkeeper {
namespace {

absl::StatusOr<Guest> ReadRow(const SqliteStatement& row) {
  Guest guest;
  guest.key = {row.Text(0), row.Text(1)};
  guest.uid = {row.Text(2)};
  ASSIGN_OR_RETURN(guest.spec, DecodeSpec(row.Text(3)));
  ASSIGN_OR_RETURN(guest.status, DecodeStatus(row.Text(4)));
  guest.created = absl::FromUnixNanos(row.Int(5));
  guest.deleting = row.Int(6) != 0;
  guest.version = row.Int(7);
  return guest;
}

absl::Status Insert(SqliteDatabase& database, const Guest& guest) {
  ASSIGN_OR_RETURN(SqliteStatement insert,
                   database.Prepare("INSERT INTO guests VALUES (?,?,?,?,?,?,?,?)"));
  return insert.Bind(guest.key.space)
      .Bind(guest.key.name)
      .Bind(guest.uid.text)
      .Bind(EncodeSpec(guest.spec))
      .Bind(EncodeStatus(guest.status))
      .Bind(absl::ToUnixNanos(guest.created))
      .Bind(static_cast<int64_t>(guest.deleting))
      .Bind(guest.version)
      .Run();
}

}  // namespace

absl::StatusOr<std::unique_ptr<PlainGuestStore>> PlainGuestStore::Open(Database& database,
                                                                       const Clock& clock) {
  std::unique_ptr<PlainGuestStore> store(new PlainGuestStore(database));
  RETURN_IF_ERROR(store->Load(clock));
  return store;
}

absl::Status PlainGuestStore::Load(const Clock& clock) {
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   database_.database().Prepare("SELECT space, name, uid, spec, status, created,"
                                                " deleting, version FROM guests"));
  State state;
  // Versions never come back, also not those of deleted rows: they start where no earlier run was.
  state.next_version = absl::ToUnixMicros(clock.Now());
  while (true) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) break;
    absl::StatusOr<Guest> guest = ReadRow(rows);
    if (!guest.ok()) return Annotate(guest.status(), "guest " + rows.Text(0) + "/" + rows.Text(1));
    state.next_version = std::max(state.next_version, guest->version + 1);
    state.by_uid[guest->uid] = guest->key;
    state.guests[guest->key] = *std::move(guest);
  }
  state_.With([&](State& s) { s = std::move(state); });
  return absl::OkStatus();
}

// Runs on the database's thread, after the commit.
void PlainGuestStore::Apply(const GuestKey& key, const std::function<void(State&)>& change) {
  const auto listeners = state_.With([&](State& s) {
    change(s);
    return s.listeners;
  });
  for (const auto& listener : listeners) listener(key);
}

absl::StatusOr<Guest> PlainGuestStore::Create(Guest guest, const Call& call) {
  guest.version = state_.With([](State& s) { return s.next_version++; });
  const absl::Status created =
      database_.Write([guest](SqliteDatabase& database) { return Insert(database, guest); },
                      [this, guest] {
                        Apply(guest.key, [&](State& s) {
                          s.guests[guest.key] = guest;
                          s.by_uid[guest.uid] = guest.key;
                        });
                      },
                      call);
  RETURN_IF_ERROR(Annotate(created, "create guest " + guest.key.Text()));
  return guest;
}

absl::StatusOr<Guest> PlainGuestStore::Get(const GuestKey& key, const Call&) {
  return state_.With([&](State& s) -> absl::StatusOr<Guest> {
    const auto it = s.guests.find(key);
    if (it == s.guests.end()) return absl::NotFoundError("guest " + key.Text());
    return it->second;
  });
}

absl::StatusOr<Guest> PlainGuestStore::GetByUid(const VmUid& uid, const Call&) {
  return state_.With([&](State& s) -> absl::StatusOr<Guest> {
    const auto it = s.by_uid.find(uid);
    if (it == s.by_uid.end()) return absl::NotFoundError("guest of VM " + uid.text);
    return s.guests.at(it->second);
  });
}

// No row had that key and version. What is in memory may lag behind by this very commit; the newest
// version of a key only moves on, so the answer is right.
absl::Status PlainGuestStore::MissedRow(const GuestKey& key) {
  const bool known = state_.With([&](State& s) { return s.guests.contains(key); });
  return known ? absl::AbortedError("guest " + key.Text() + " was changed meanwhile")
               : absl::NotFoundError("guest " + key.Text());
}

absl::StatusOr<int64_t> PlainGuestStore::Write(const Guest& guest, Change change,
                                               const Call& call) {
  const int64_t version = state_.With([](State& s) { return s.next_version++; });
  const GuestKey key = guest.key;
  const auto work = [this, key, before = guest.version, version, set = change.set,
                     values = std::move(change.values)](SqliteDatabase& database) -> absl::Status {
    ASSIGN_OR_RETURN(SqliteStatement update,
                     database.Prepare("UPDATE guests SET version=?, " + set +
                                      " WHERE space=? AND name=? AND version=?"));
    update.Bind(version);
    for (const std::string& value : values) update.Bind(value);
    RETURN_IF_ERROR(update.Bind(key.space).Bind(key.name).Bind(before).Run());
    return database.Changes() == 1 ? absl::OkStatus() : MissedRow(key);
  };
  const auto committed = [this, key, version, apply = std::move(change.apply)] {
    Apply(key, [&](State& s) {
      Guest& row = s.guests[key];
      s.by_uid.erase(row.uid);
      apply(row);
      row.version = version;
      s.by_uid[row.uid] = key;
    });
  };
  RETURN_IF_ERROR(database_.Write(work, committed, call));
  return version;
}

absl::StatusOr<int64_t> PlainGuestStore::UpdateSpec(const Guest& guest, const Call& call) {
  return Write(
      guest,
      {"spec=?", {EncodeSpec(guest.spec)}, [spec = guest.spec](Guest& row) { row.spec = spec; }},
      call);
}

absl::StatusOr<int64_t> PlainGuestStore::UpdateStatus(const Guest& guest, const Call& call) {
  return Write(guest,
               {"status=?",
                {EncodeStatus(guest.status)},
                [status = guest.status](Guest& row) { row.status = status; }},
               call);
}

absl::StatusOr<int64_t> PlainGuestStore::MarkDeleting(const Guest& guest, const Call& call) {
  return Write(guest, {"deleting=1", {}, [](Guest& row) { row.deleting = true; }}, call);
}

absl::StatusOr<int64_t> PlainGuestStore::Rebind(const Guest& guest, const VmUid& uid,
                                                const Call& call) {
  return Write(guest,
               {"uid=?, status=?",
                {uid.text, EncodeStatus(guest.status)},
                [uid, status = guest.status](Guest& row) {
                  row.uid = uid;
                  row.status = status;
                }},
               call);
}

absl::Status PlainGuestStore::Delete(const GuestKey& key, int64_t version, const Call& call) {
  const auto work = [this, key, version](SqliteDatabase& database) -> absl::Status {
    ASSIGN_OR_RETURN(SqliteStatement erase,
                     database.Prepare("DELETE FROM guests WHERE space=? AND name=? AND version=?"));
    RETURN_IF_ERROR(erase.Bind(key.space).Bind(key.name).Bind(version).Run());
    return database.Changes() == 1 ? absl::OkStatus() : MissedRow(key);
  };
  const auto committed = [this, key] {
    Apply(key, [&](State& s) {
      const auto it = s.guests.find(key);
      if (it == s.guests.end()) return;
      s.by_uid.erase(it->second.uid);
      s.guests.erase(it);
    });
  };
  return database_.Write(work, committed, call);
}

absl::StatusOr<std::vector<Guest>> PlainGuestStore::List(const std::optional<GuestKey>& after,
                                                         size_t limit, const Call&) {
  return state_.With([&](State& s) {
    std::vector<Guest> page;
    auto it = after ? s.guests.upper_bound(*after) : s.guests.begin();
    for (; it != s.guests.end() && page.size() < limit; ++it) page.push_back(it->second);
    return page;
  });
}

void PlainGuestStore::OnChange(std::function<void(const GuestKey&)> changed) {
  state_.With([&](State& s) { s.listeners.push_back(std::move(changed)); });
}

}  // namespace innkeeper
