#pragma once
// The newest state of every Guest that this process has heard of, by its own writes and by the
// watch. Versions only rise: what comes late or twice changes nothing, and what we saw vanish does
// not come back by an older event. Pure; not thread-safe.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "coordinator/home/kube/guest_codec.h"

namespace innkeeper {

class GuestCache {
 public:
  // Both return whether anything changed. A Guest that is being deleted and has no finalizer of
  // ours any more is gone for us, whatever else holds it.
  bool Put(GuestObject object);
  // The watch tells that the object with this uid is no more. Another of its name stays.
  bool Drop(const GuestKey& key, const std::string& uid);

  // Around a full read of the server: who is in memory when it begins, and is neither read nor
  // written before it ends, is no more. Returns the keys that went.
  void BeginRead();
  std::vector<GuestKey> EndRead();

  const GuestObject* Find(const GuestKey& key) const;
  // Of several that claim the uid (edited by somebody) the oldest.
  const GuestObject* FindByUid(const VmUid& uid) const;
  // Ordered by key.
  const std::map<GuestKey, GuestObject>& All() const { return guests_; }

 private:
  void Forget(std::map<GuestKey, GuestObject>::iterator at);

  std::map<GuestKey, GuestObject> guests_;
  std::map<VmUid, std::set<GuestKey>> by_uid_;
  // What went by our own hand: its uid and last version, until the watch has told it too.
  struct Gone {
    std::string uid;
    int64_t version = 0;
  };
  std::map<GuestKey, Gone> gone_;
  std::map<GuestKey, int64_t> unread_;  // with its version when the read began
};

}  // namespace innkeeper
