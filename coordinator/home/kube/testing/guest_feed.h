#pragma once
// Keeps a KubeGuestStore as fresh as a list and a watch on a thread of its own can.

#include <string>
#include <thread>

#include "base/thread_name.h"
#include "coordinator/home/kube/kube_guest_store.h"

namespace innkeeper {

class GuestFeed {
 public:
  // Both outlive it. The first list is done when it returns.
  GuestFeed(KubeClient& client, KubeGuestStore& store) : client_(client), store_(store) {
    List(Call::Within(std::chrono::seconds(30)));
    thread_ = std::jthread([this](std::stop_token stop) {
      NameThread("guest-feed");
      Follow(stop);
    });
  }

 private:
  static KubeCollection Guests() { return {.kind = {kGuestGroup, kGuestVersion, kGuestPlural}}; }
  absl::Status Take(KubeChange change, std::string_view object) {
    const absl::StatusOr<GuestObject> guest = DecodeGuest(object);
    if (change == KubeChange::kBookmark || !guest.ok()) return absl::OkStatus();
    if (change == KubeChange::kDeleted) {
      store_.Drop(guest->guest.key, guest->uid);
    } else {
      store_.Upsert(object);
    }
    return absl::OkStatus();
  }
  void List(const Call& call) {
    const auto version = client_.List(
        Guests(),
        [this](KubeChange change, std::string_view object) { return Take(change, object); }, call);
    if (version.ok()) version_ = *version;
  }
  void Follow(std::stop_token stop) {
    while (!stop.stop_requested()) {
      const Call call = Call::Within(std::chrono::hours(1), stop);
      const absl::Status ended = client_.Watch(
          Guests(), {.resource_version = version_},
          [this](KubeChange change, std::string_view object) { return Take(change, object); },
          call);
      if (!stop.stop_requested()) List(call);
    }
  }
  KubeClient& client_;
  KubeGuestStore& store_;
  std::string version_;
  std::jthread thread_;
};

}  // namespace innkeeper
