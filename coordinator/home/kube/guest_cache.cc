#include "coordinator/home/kube/guest_cache.h"

#include <algorithm>
#include <utility>

namespace innkeeper {
namespace {

bool IsReleased(const GuestObject& object) {
  const auto& finalizers = object.finalizers;
  return object.guest.deleting &&
         std::find(finalizers.begin(), finalizers.end(), kGuestFinalizer) == finalizers.end();
}

}  // namespace

bool GuestCache::Put(GuestObject object) {
  const GuestKey key = object.guest.key;
  const int64_t version = object.guest.version;
  unread_.erase(key);
  if (const auto gone = gone_.find(key); gone != gone_.end()) {
    if (version <= gone->second.version) return false;
    gone_.erase(gone);
  }
  const auto at = guests_.find(key);
  // An API server answers the removal of the last finalizer with the version that the object had
  // before: the object went instead of getting a new one.
  const int64_t newest = at == guests_.end() ? 0 : at->second.guest.version;
  if (version < newest || (version == newest && !IsReleased(object))) return false;
  const bool known = at != guests_.end();
  if (known) Forget(at);
  if (IsReleased(object)) {
    gone_[key] = {object.uid, version};
    return known;
  }
  by_uid_[object.guest.uid].insert(key);
  guests_[key] = std::move(object);
  return true;
}

bool GuestCache::Drop(const GuestKey& key, const std::string& uid) {
  if (const auto gone = gone_.find(key); gone != gone_.end() && gone->second.uid == uid)
    gone_.erase(gone);
  const auto at = guests_.find(key);
  if (at == guests_.end() || at->second.uid != uid) return false;
  Forget(at);
  return true;
}

void GuestCache::BeginRead() {
  unread_.clear();
  for (const auto& [key, object] : guests_) unread_[key] = object.guest.version;
}

std::vector<GuestKey> GuestCache::EndRead() {
  std::vector<GuestKey> went;
  for (const auto& [key, version] : std::exchange(unread_, {})) {
    const auto at = guests_.find(key);
    if (at == guests_.end() || at->second.guest.version != version) continue;
    Forget(at);
    went.push_back(key);
  }
  return went;
}

void GuestCache::Forget(std::map<GuestKey, GuestObject>::iterator at) {
  const auto keys = by_uid_.find(at->second.guest.uid);
  keys->second.erase(at->first);
  if (keys->second.empty()) by_uid_.erase(keys);
  guests_.erase(at);
}

const GuestObject* GuestCache::Find(const GuestKey& key) const {
  const auto at = guests_.find(key);
  return at == guests_.end() ? nullptr : &at->second;
}

const GuestObject* GuestCache::FindByUid(const VmUid& uid) const {
  const auto keys = by_uid_.find(uid);
  if (keys == by_uid_.end()) return nullptr;
  const GuestObject* oldest = nullptr;
  for (const GuestKey& key : keys->second) {
    const GuestObject* const one = Find(key);
    if (oldest == nullptr || one->guest.created < oldest->guest.created) oldest = one;
  }
  return oldest;
}

}  // namespace innkeeper
