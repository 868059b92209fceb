#include "coordinator/admin/guest_routes.h"

#include <utility>

#include "base/http_server/proto_json.h"
#include "coordinator/admin/guest_view.h"

namespace innkeeper {
namespace {

constexpr size_t kPage = 500;
// A person's edit loses against the reconciler's writes now and then; it is made again on what is
// new.
constexpr int kEditTries = 8;

absl::StatusOr<GuestKey> KeyOf(const HttpServerRequest& request) {
  return ParseGuestKey(request.captured.at("namespace") + "/" + request.captured.at("name"));
}

std::string QueryText(const HttpServerRequest& request, const char* key) {
  const auto place = request.query.find(key);
  return place == request.query.end() ? "" : place->second;
}

}  // namespace

absl::StatusOr<admin::v1::Guest> GuestRoutes::Show(const GuestKey& key, const Call& call) {
  ASSIGN_OR_RETURN(const Guest guest, services_.store.Get(key, call));
  return ShowGuest(guest, services_.inventory.Find(guest.uid), services_.clock.Now());
}

absl::StatusOr<HttpServerReply> GuestRoutes::Reply(const GuestKey& key, const Call& call) {
  ASSIGN_OR_RETURN(const admin::v1::Guest shown, Show(key, call));
  return JsonReply(shown);
}

absl::StatusOr<std::vector<admin::v1::Guest>> GuestRoutes::ShowAll(const std::string& space,
                                                                   const Call& call) {
  std::vector<admin::v1::Guest> shown;
  std::optional<GuestKey> after;
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<Guest> page, services_.store.List(after, kPage, call));
    for (const Guest& guest : page) {
      if (!space.empty() && guest.key.space != space) continue;
      shown.push_back(ShowGuest(guest, services_.inventory.Find(guest.uid), services_.clock.Now()));
    }
    if (page.size() < kPage) return shown;
    after = page.back().key;
  }
}

absl::StatusOr<HttpServerReply> GuestRoutes::List(const HttpServerRequest& request,
                                                  const Call& call) {
  const std::string space = QueryText(request, "namespace");
  const bool watch = QueryText(request, "watch") == "true";
  const auto place = watch ? services_.feed.TakeGuestPlace({space, ""}) : nullptr;
  ASSIGN_OR_RETURN(std::vector<admin::v1::Guest> shown, ShowAll(space, call));
  if (watch) {
    HttpServerReply reply;
    reply.content_type = "text/event-stream";
    reply.body = ChangeFeed::Lines(shown);
    reply.stream = [this, place](std::shared_ptr<HttpStream> stream) {
      services_.feed.Follow(place, std::move(stream));
    };
    return reply;
  }
  admin::v1::ListGuestsResponse response;
  for (admin::v1::Guest& guest : shown) *response.add_guests() = std::move(guest);
  return JsonReply(response);
}

// The guest, made for a VM that nobody wished anything of so far.
absl::StatusOr<Guest> GuestRoutes::GuestFor(const GuestKey& key, const Call& call) {
  absl::StatusOr<Guest> guest = services_.store.Get(key, call);
  if (!absl::IsNotFound(guest.status())) return guest;
  const std::vector<VmRecord> vms = services_.inventory.FindByKey(key);
  if (vms.empty()) {
    return absl::NotFoundError("no domain '" + key.name + "' is reported by the nodes of '" +
                               key.space + "'");
  }
  if (vms.size() > 1) {
    return absl::FailedPreconditionError("several nodes of '" + key.space +
                                         "' have a domain of that name: rename one of them");
  }
  Guest fresh;
  fresh.key = key;
  fresh.uid = vms.front().uid;
  fresh.created = services_.clock.Now();
  absl::StatusOr<Guest> made = services_.store.Create(std::move(fresh), call);
  return absl::IsAlreadyExists(made.status()) ? services_.store.Get(key, call) : made;
}

absl::Status GuestRoutes::Edit(const GuestKey& key, const Call& call,
                               const std::function<void(IdentitySpec&)>& edit) {
  absl::Status last;
  for (int i = 0; i < kEditTries; ++i) {
    ASSIGN_OR_RETURN(Guest guest, GuestFor(key, call));
    edit(guest.spec);
    last = services_.store.UpdateSpec(guest, call).status();
    if (!absl::IsAborted(last)) break;
  }
  RETURN_IF_ERROR(last);
  services_.wake(key);
  return absl::OkStatus();
}

absl::StatusOr<HttpServerReply> GuestRoutes::Enroll(const HttpServerRequest& request,
                                                    const Call& call) {
  ASSIGN_OR_RETURN(const GuestKey key, KeyOf(request));
  admin::v1::EnrollRequest wish;
  RETURN_IF_ERROR(ParseJsonBody(request.body, &wish));
  std::string fqdn = wish.fqdn();
  if (!fqdn.empty()) {
    ASSIGN_OR_RETURN(const Fqdn parsed, ParseFqdn(fqdn, 255));
    fqdn = parsed.text;
  }
  if (LooksLikeOwnerTag(wish.host_class())) {
    return absl::InvalidArgumentError("a host class must not look like an ownership tag");
  }
  RETURN_IF_ERROR(Edit(key, call, [&](IdentitySpec& spec) {
    spec.enroll = Wish::kYes;
    if (!fqdn.empty()) spec.fqdn = fqdn;
    if (!wish.host_groups().empty()) {
      spec.host_groups = {wish.host_groups().begin(), wish.host_groups().end()};
    }
    if (!wish.host_class().empty()) spec.host_class = wish.host_class();
    if (wish.again()) ++spec.generation;
  }));
  return Reply(key, call);
}

absl::StatusOr<HttpServerReply> GuestRoutes::Unenroll(const HttpServerRequest& request,
                                                      const Call& call) {
  ASSIGN_OR_RETURN(const GuestKey key, KeyOf(request));
  RETURN_IF_ERROR(services_.store.Get(key, call).status());  // never makes one
  RETURN_IF_ERROR(Edit(key, call, [](IdentitySpec& spec) { spec.enroll = Wish::kNo; }));
  return Reply(key, call);
}

absl::StatusOr<HttpServerReply> GuestRoutes::Verify(const HttpServerRequest& request,
                                                    const Call& call) {
  ASSIGN_OR_RETURN(const GuestKey key, KeyOf(request));
  absl::Status last;
  for (int i = 0; i < kEditTries; ++i) {
    ASSIGN_OR_RETURN(Guest guest, services_.store.Get(key, call));
    if (guest.status.phase != Phase::kEnrolled) return Reply(key, call);
    guest.status.verified_run.clear();  // the reconciler proves it anew
    last = services_.store.UpdateStatus(guest, call).status();
    if (!absl::IsAborted(last)) break;
  }
  RETURN_IF_ERROR(last);
  services_.wake(key);
  // Proven again, or no longer enrolled: both are an answer.
  const auto settled = [&](const admin::v1::Guest&) {
    const absl::StatusOr<Guest> now = services_.store.Get(key, call);
    return !now.ok() || now->status.phase != Phase::kEnrolled || !now->status.verified_run.empty();
  };
  ASSIGN_OR_RETURN(const admin::v1::Guest shown, services_.feed.Await(key, settled, call));
  return JsonReply(shown);
}

void GuestRoutes::RouteOn(HttpServer& server, AdminGate& gate) {
  using Trace = AdminGate::Trace;
  const auto bind = [this](auto method) {
    return [this, method](const HttpServerRequest& request, const Caller&, const Call& call) {
      return (this->*method)(request, call);
    };
  };
  server.Route("GET", "/v1/guests",
               gate.Guard("guest.list", Trace::kPlain, bind(&GuestRoutes::List)));
  const std::string one = "/v1/guests/{namespace}/{name}";
  server.Route("GET", one,
               gate.Guard("guest.read", Trace::kAudited,
                          [this](const HttpServerRequest& request, const Caller&,
                                 const Call& call) -> absl::StatusOr<HttpServerReply> {
                            ASSIGN_OR_RETURN(const GuestKey key, KeyOf(request));
                            return Reply(key, call);
                          }));
  server.Route("POST", one + ":enroll",
               gate.Guard("guest.enroll", Trace::kAudited, bind(&GuestRoutes::Enroll)));
  server.Route("POST", one + ":unenroll",
               gate.Guard("guest.unenroll", Trace::kAudited, bind(&GuestRoutes::Unenroll)));
  server.Route("POST", one + ":verify",
               gate.Guard("guest.verify", Trace::kAudited, bind(&GuestRoutes::Verify)));
}

}  // namespace innkeeper
