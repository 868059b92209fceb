#pragma once
// Guests as objects of the API server. Reads come from memory: from the watch, and from the answers
// to our own writes, so that nobody reads less than he wrote. Every write names the version that
// its caller read; a version is the object's resourceVersion (ADR 0004).
//
//   write                    as
//   Create                   POST with owner, label, finalizer; a status of its own in a second one
//   UpdateSpec               merge patch of spec.identity
//   UpdateStatus             JSON patch of the status subresource, with a test of the version
//   MarkDeleting             DELETE with preconditions: the finalizer holds the object
//   Rebind                   the status, then owner and label: not both at once, but if the second
//                            fails the guest is still the former VM's, and is rebound anew
//   Delete                   DELETE, then JSON patch that takes our finalizer away, with tests of
//                            version and of the whole list of finalizers

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "coordinator/guests/home.h"
#include "coordinator/home/kube/guest_cache.h"
#include "coordinator/kube/kube_client.h"

namespace innkeeper {

// Thread-safe.
class KubeGuestStore final : public GuestStore {
 public:
  // Who a guest of that VM belongs to. Nothing: no VM of that uid exists, so an owner reference
  // would have the garbage collector delete the guest at once.
  using OwnerOf = std::function<std::optional<GuestOwner>(const GuestKey& key, const VmUid& uid)>;

  // `client` outlives it.
  KubeGuestStore(KubeClient& client, OwnerOf owner_of)
      : client_(client), owner_of_(std::move(owner_of)) {}

  absl::StatusOr<Guest> Create(Guest guest, const Call& call) override;
  // INVALID_ARGUMENT: the object was edited to nonsense; names the field.
  absl::StatusOr<Guest> Get(const GuestKey& key, const Call& call) override;
  absl::StatusOr<Guest> GetByUid(const VmUid& uid, const Call& call) override;
  absl::StatusOr<int64_t> UpdateSpec(const Guest& guest, const Call& call) override;
  absl::StatusOr<int64_t> UpdateStatus(const Guest& guest, const Call& call) override;
  absl::StatusOr<int64_t> MarkDeleting(const Guest& guest, const Call& call) override;
  absl::StatusOr<int64_t> Rebind(const Guest& guest, const VmUid& uid, const Call& call) override;
  absl::Status Delete(const GuestKey& key, int64_t version, const Call& call) override;
  // Without those that are nonsense: they are nobody's to act upon until they are mended.
  absl::StatusOr<std::vector<Guest>> List(const std::optional<GuestKey>& after, size_t limit,
                                          const Call& call) override;
  // Also of changes by others, on the watch's thread.
  void OnChange(std::function<void(const GuestKey&)> changed) override;

  // What the mirror of all Guests tells: a full read begins and ends; an object is new, changed or
  // the same again (its JSON; what is none is logged and passed over), or the one with this uid is
  // no more.
  void BeginRead();
  void EndRead();
  void Upsert(std::string_view object);
  void Drop(const GuestKey& key, const std::string& uid);

 private:
  struct State {
    GuestCache cache;
    std::vector<std::function<void(const GuestKey&)>> listeners;
  };
  absl::StatusOr<GuestObject> Expect(const GuestKey& key, int64_t version);
  absl::StatusOr<int64_t> Take(const absl::StatusOr<std::string>& written);
  absl::StatusOr<GuestObject> Refresh(const GuestObject& known, const Call& call);
  absl::StatusOr<int64_t> PatchStatus(const GuestObject& known, const GuestStatus& status,
                                      const Call& call);
  absl::StatusOr<GuestObject> Finalize(const GuestObject& known, const Call& call);
  void Tell(const GuestKey& key);

  KubeClient& client_;
  const OwnerOf owner_of_;
  Guarded<State> state_;
};

}  // namespace innkeeper
