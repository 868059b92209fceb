#include "coordinator/home/kube/kube_guest_store.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/log.h"

namespace innkeeper {
namespace {

using nlohmann::json;

KubePath PathOf(const GuestKey& key, const std::string& subresource = "") {
  return {{kGuestGroup, kGuestVersion, kGuestPlural}, key.space, key.name, subresource};
}

json TestVersion(int64_t version) {
  return {
      {"op", "test"}, {"path", "/metadata/resourceVersion"}, {"value", std::to_string(version)}};
}

bool IsHeldByUs(const GuestObject& object) {
  return std::count(object.finalizers.begin(), object.finalizers.end(), kGuestFinalizer) > 0;
}

absl::Status ChangedMeanwhile(const GuestKey& key) {
  return absl::AbortedError("guest " + key.Text() + " was changed meanwhile");
}

}  // namespace

void KubeGuestStore::Tell(const GuestKey& key) {
  for (const auto& listener : state_.With([](State& s) { return s.listeners; })) listener(key);
}

// --- what the mirror tells

void KubeGuestStore::BeginRead() {
  state_.With([](State& s) { s.cache.BeginRead(); });
}

// Also those whose whole life was between two reads, so that no mirror ever told of them.
void KubeGuestStore::EndRead() {
  for (const GuestKey& key : state_.With([](State& s) { return s.cache.EndRead(); })) Tell(key);
}

void KubeGuestStore::Upsert(std::string_view object) {
  absl::StatusOr<GuestObject> decoded = DecodeGuest(object);
  if (!decoded.ok()) return LogError("a Guest is no object", {{"err", decoded.status()}});
  const GuestKey key = decoded->guest.key;
  const absl::Status flaw = decoded->flaw;
  if (!state_.With([&](State& s) { return s.cache.Put(*std::move(decoded)); })) return;
  if (!flaw.ok())
    LogWarning("a Guest makes no sense and is left alone until it is mended",
               {{"guest", key.Text()}, {"err", flaw}});
  Tell(key);
}

void KubeGuestStore::Drop(const GuestKey& key, const std::string& uid) {
  if (state_.With([&](State& s) { return s.cache.Drop(key, uid); })) Tell(key);
}

// --- reads

absl::StatusOr<Guest> KubeGuestStore::Get(const GuestKey& key, const Call&) {
  return state_.With([&](State& s) -> absl::StatusOr<Guest> {
    const GuestObject* const found = s.cache.Find(key);
    if (found == nullptr) return absl::NotFoundError("guest " + key.Text());
    RETURN_IF_ERROR(Annotate(found->flaw, "guest " + key.Text()));
    return found->guest;
  });
}

absl::StatusOr<Guest> KubeGuestStore::GetByUid(const VmUid& uid, const Call& call) {
  const std::optional<GuestKey> key = state_.With([&](State& s) -> std::optional<GuestKey> {
    const GuestObject* const found = s.cache.FindByUid(uid);
    return found == nullptr ? std::nullopt : std::optional(found->guest.key);
  });
  if (!key) return absl::NotFoundError("guest of VM " + uid.text);
  return Get(*key, call);
}

absl::StatusOr<std::vector<Guest>> KubeGuestStore::List(const std::optional<GuestKey>& after,
                                                        size_t limit, const Call&) {
  return state_.With([&](State& s) {
    std::vector<Guest> page;
    const auto& all = s.cache.All();
    auto at = after ? all.upper_bound(*after) : all.begin();
    for (; at != all.end() && page.size() < limit; ++at) {
      if (at->second.flaw.ok()) page.push_back(at->second.guest);
    }
    return page;
  });
}

void KubeGuestStore::OnChange(std::function<void(const GuestKey&)> changed) {
  state_.With([&](State& s) { s.listeners.push_back(std::move(changed)); });
}

// --- writes

// The object that the caller read; if it is not the newest, nobody needs to ask the server.
absl::StatusOr<GuestObject> KubeGuestStore::Expect(const GuestKey& key, int64_t version) {
  return state_.With([&](State& s) -> absl::StatusOr<GuestObject> {
    const GuestObject* const found = s.cache.Find(key);
    if (found == nullptr) return absl::NotFoundError("guest " + key.Text());
    if (found->guest.version != version) return ChangedMeanwhile(key);
    return *found;
  });
}

// The server's answer to a write is what everybody reads from now on.
absl::StatusOr<int64_t> KubeGuestStore::Take(const absl::StatusOr<std::string>& written) {
  RETURN_IF_ERROR(written.status());
  ASSIGN_OR_RETURN(GuestObject object, DecodeGuest(*written));
  const GuestKey key = object.guest.key;
  const int64_t version = object.guest.version;
  if (state_.With([&](State& s) { return s.cache.Put(std::move(object)); })) Tell(key);
  return version;
}

// As the server has it now. NOT_FOUND: it is gone, also from memory.
absl::StatusOr<GuestObject> KubeGuestStore::Refresh(const GuestObject& known, const Call& call) {
  const absl::StatusOr<std::string> object = client_.Get(PathOf(known.guest.key), call);
  if (absl::IsNotFound(object.status())) Drop(known.guest.key, known.uid);
  ASSIGN_OR_RETURN(const int64_t version, Take(object));
  return Expect(known.guest.key, version);
}

absl::StatusOr<Guest> KubeGuestStore::Create(Guest guest, const Call& call) {
  const bool taken = state_.With([&](State& s) { return s.cache.FindByUid(guest.uid) != nullptr; });
  if (taken) return absl::AlreadyExistsError("VM " + guest.uid.text + " has a guest");
  const std::string body = EncodeNewGuest(guest, owner_of_(guest.key, guest.uid));
  ASSIGN_OR_RETURN(const int64_t made, Take(client_.Create(PathOf(guest.key), body, {}, call)));
  if (guest.status != GuestStatus{}) {
    ASSIGN_OR_RETURN(const GuestObject known, Expect(guest.key, made));
    RETURN_IF_ERROR(PatchStatus(known, guest.status, call).status());
  }
  return Get(guest.key, call);
}

absl::StatusOr<int64_t> KubeGuestStore::UpdateSpec(const Guest& guest, const Call& call) {
  ASSIGN_OR_RETURN(const GuestObject known, Expect(guest.key, guest.version));
  const json patch{
      {"metadata", {{"uid", known.uid}, {"resourceVersion", std::to_string(guest.version)}}},
      {"spec", {{"identity", json::parse(EncodeIdentity(guest.spec))}}}};
  return Take(client_.Patch(PathOf(guest.key), KubePatch::kMerge, patch.dump(), {}, call));
}

absl::StatusOr<int64_t> KubeGuestStore::PatchStatus(const GuestObject& known,
                                                    const GuestStatus& status, const Call& call) {
  const json patch{TestVersion(known.guest.version),
                   {{"op", "add"},
                    {"path", "/status"},
                    {"value", json::parse(EncodeStatus(status, known.generation))}}};
  return Take(
      client_.Patch(PathOf(known.guest.key, "status"), KubePatch::kJson, patch.dump(), {}, call));
}

absl::StatusOr<int64_t> KubeGuestStore::UpdateStatus(const Guest& guest, const Call& call) {
  ASSIGN_OR_RETURN(const GuestObject known, Expect(guest.key, guest.version));
  return PatchStatus(known, guest.status, call);
}

// Puts our finalizer back where somebody took it away: else the object would go before its
// identity.
absl::StatusOr<GuestObject> KubeGuestStore::Finalize(const GuestObject& known, const Call& call) {
  if (IsHeldByUs(known) || known.guest.deleting) return known;
  json finalizers = known.finalizers;
  finalizers.push_back(kGuestFinalizer);
  const json patch{TestVersion(known.guest.version),
                   {{"op", "add"}, {"path", "/metadata/finalizers"}, {"value", finalizers}}};
  ASSIGN_OR_RETURN(
      const int64_t version,
      Take(client_.Patch(PathOf(known.guest.key), KubePatch::kJson, patch.dump(), {}, call)));
  return Expect(known.guest.key, version);
}

absl::StatusOr<int64_t> KubeGuestStore::MarkDeleting(const Guest& guest, const Call& call) {
  ASSIGN_OR_RETURN(GuestObject known, Expect(guest.key, guest.version));
  if (known.guest.deleting) return known.guest.version;
  ASSIGN_OR_RETURN(known, Finalize(known, call));
  RETURN_IF_ERROR(
      client_.Delete(PathOf(guest.key), {known.uid, std::to_string(known.guest.version)}, call));
  ASSIGN_OR_RETURN(known, Refresh(known, call));
  return known.guest.version;
}

absl::StatusOr<int64_t> KubeGuestStore::Rebind(const Guest& guest, const VmUid& uid,
                                               const Call& call) {
  ASSIGN_OR_RETURN(const GuestObject known, Expect(guest.key, guest.version));
  const bool taken = state_.With([&](State& s) { return s.cache.FindByUid(uid) != nullptr; });
  if (taken && uid != known.guest.uid)
    return absl::AlreadyExistsError("VM " + uid.text + " has a guest");
  ASSIGN_OR_RETURN(const int64_t version, PatchStatus(known, guest.status, call));
  const json patch{{"metadata",
                    {{"uid", known.uid},
                     {"resourceVersion", std::to_string(version)},
                     {"labels", {{kVmUidLabel, uid.text}}},
                     {"ownerReferences", json::parse(EncodeOwners(owner_of_(guest.key, uid)))}}}};
  return Take(client_.Patch(PathOf(guest.key), KubePatch::kMerge, patch.dump(), {}, call));
}

absl::Status KubeGuestStore::Delete(const GuestKey& key, int64_t version, const Call& call) {
  ASSIGN_OR_RETURN(GuestObject known, Expect(key, version));
  if (!known.guest.deleting) {
    RETURN_IF_ERROR(client_.Delete(PathOf(key), {known.uid, std::to_string(version)}, call));
    absl::StatusOr<GuestObject> marked = Refresh(known, call);
    if (absl::IsNotFound(marked.status())) return absl::OkStatus();
    ASSIGN_OR_RETURN(known, std::move(marked));
  }
  json rest = known.finalizers;
  rest.erase(std::remove(rest.begin(), rest.end(), json(kGuestFinalizer)), rest.end());
  const json patch{TestVersion(known.guest.version),
                   {{"op", "test"}, {"path", "/metadata/finalizers"}, {"value", known.finalizers}},
                   {{"op", "replace"}, {"path", "/metadata/finalizers"}, {"value", rest}}};
  return Take(client_.Patch(PathOf(key), KubePatch::kJson, patch.dump(), {}, call)).status();
}

}  // namespace innkeeper
