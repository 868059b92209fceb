#pragma once

#include "coordinator/admin/admin_gate.h"
#include "coordinator/admin/change_feed.h"
#include "coordinator/guests/home.h"

namespace innkeeper {

// GET /v1/guests, GET /v1/guests/{namespace}/{name}, POST ...:enroll, :unenroll, :verify.
// They write wishes only; what follows is the reconcilers'.
class GuestRoutes {
 public:
  struct Services {
    GuestStore& store;
    Inventory& inventory;
    ChangeFeed& feed;
    const Clock& clock;
    std::function<void(const GuestKey&)> wake;  // the reconciler's queue: look at this guest now
  };
  explicit GuestRoutes(Services services) : services_(std::move(services)) {}
  void RouteOn(HttpServer& server, AdminGate& gate);

  // What the API shows of one guest, from store and inventory.
  absl::StatusOr<admin::v1::Guest> Show(const GuestKey& key, const Call& call);

 private:
  absl::StatusOr<HttpServerReply> List(const HttpServerRequest& request, const Call& call);
  absl::StatusOr<HttpServerReply> Enroll(const HttpServerRequest& request, const Call& call);
  absl::StatusOr<HttpServerReply> Unenroll(const HttpServerRequest& request, const Call& call);
  absl::StatusOr<HttpServerReply> Verify(const HttpServerRequest& request, const Call& call);
  absl::StatusOr<HttpServerReply> Reply(const GuestKey& key, const Call& call);
  absl::StatusOr<Guest> GuestFor(const GuestKey& key, const Call& call);
  absl::Status Edit(const GuestKey& key, const Call& call,
                    const std::function<void(IdentitySpec&)>& edit);
  absl::StatusOr<std::vector<admin::v1::Guest>> ShowAll(const std::string& space, const Call& call);

  const Services services_;
};

}  // namespace innkeeper
