#include "coordinator/admin/operation_routes.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include "base/http_server/proto_json.h"
#include "coordinator/admin/guest_view.h"

namespace innkeeper {
namespace {

using Shared = std::shared_ptr<const OperationServices>;
using Reply = absl::StatusOr<HttpServerReply>;
using Trace = AdminGate::Trace;

// A directory of many thousand hosts is read whole.
constexpr Duration kAuditTimeout = std::chrono::minutes(10);
constexpr int64_t kUsualEvents = 100, kMostEvents = 10'000;

std::string QueryText(const HttpServerRequest& request, const char* key) {
  const auto place = request.query.find(key);
  return place == request.query.end() ? "" : place->second;
}

// The newest that match. The recorder only knows one guest or all: of a namespace, all are read.
absl::StatusOr<std::vector<EventRecord>> Matching(Recorder& recorder,
                                                  const ChangeFeed::Filter& filter, size_t limit,
                                                  const Call& call) {
  std::optional<GuestKey> guest;
  if (!filter.space.empty() && !filter.name.empty()) guest = GuestKey{filter.space, filter.name};
  const bool exact = guest || (filter.space.empty() && filter.name.empty());
  ASSIGN_OR_RETURN(std::vector<EventRecord> events,
                   recorder.List(guest, 0, exact ? limit : kMostEvents, call));
  std::erase_if(events, [&](const EventRecord& event) { return !filter.Matches(event.guest); });
  if (events.size() > limit) events.erase(events.begin(), events.end() - static_cast<long>(limit));
  return events;
}

size_t LimitOf(const HttpServerRequest& request) {
  const int64_t wanted = std::strtoll(QueryText(request, "limit").c_str(), nullptr, 10);
  return static_cast<size_t>(
      std::clamp<int64_t>(wanted <= 0 ? kUsualEvents : wanted, 1, kMostEvents));
}

Reply ListEvents(const OperationServices& services, const HttpServerRequest& request,
                 const Call& call) {
  const ChangeFeed::Filter filter{QueryText(request, "namespace"), QueryText(request, "guest")};
  const bool watch = QueryText(request, "watch") == "true";
  const auto place = watch ? services.feed.TakeEventPlace(filter) : nullptr;
  ASSIGN_OR_RETURN(const std::vector<EventRecord> events,
                   Matching(services.recorder, filter, LimitOf(request), call));
  if (watch) {
    HttpServerReply reply;
    reply.content_type = "text/event-stream";
    reply.body = ChangeFeed::Lines(events);
    const int64_t last = events.empty() ? 0 : events.back().id;
    reply.stream = [&services, place, last](std::shared_ptr<HttpStream> stream) {
      services.feed.Follow(place, std::move(stream), last);
    };
    return reply;
  }
  admin::v1::ListEventsResponse response;
  for (const EventRecord& event : events) *response.add_events() = ShowEvent(event);
  return JsonReply(response);
}

Reply ShowNow(const OperationServices& services) {
  return JsonReply(ShowOperation(services.operation.State(), services.removals_allowed));
}

void RouteNodes(HttpServer& server, AdminGate& gate, const Shared& services) {
  server.Route("GET", "/v1/nodes",
               gate.Guard("node.list", Trace::kPlain,
                          [services](const auto&, const Caller&, const Call& call) -> Reply {
                            ASSIGN_OR_RETURN(const auto nodes, services->nodes(call));
                            admin::v1::ListNodesResponse response;
                            for (const admin::v1::Node& node : nodes) {
                              *response.add_nodes() = node;
                            }
                            return JsonReply(response);
                          }));
  const auto verb = [&](const char* name, auto act) {
    server.Route("POST", std::string("/v1/nodes/{name}:") + name,
                 gate.Guard(std::string("node.") + name, Trace::kAudited,
                            [services, act](const HttpServerRequest& request, const Caller&,
                                            const Call& call) -> Reply {
                              const NodeName node{request.captured.at("name")};
                              ASSIGN_OR_RETURN(const admin::v1::Node after,
                                               ((*services).*act)(node, call));
                              return JsonReply(after);
                            }));
  };
  verb("revoke", &OperationServices::revoke);
  verb("forget", &OperationServices::forget);
}

void RouteOperationVerbs(HttpServer& server, AdminGate& gate, const Shared& services) {
  server.Route("GET", "/v1/operation",
               gate.Guard("operation.read", Trace::kPlain,
                          [services](const auto&, const Caller&, const Call&) -> Reply {
                            return ShowNow(*services);
                          }));
  server.Route("POST", "/v1/operation:pause",
               gate.Guard("operation.pause", Trace::kAudited,
                          [services](const auto&, const Caller& caller, const Call& call) -> Reply {
                            RETURN_IF_ERROR(services->operation.Pause(caller.name, call));
                            return ShowNow(*services);
                          }));
  server.Route("POST", "/v1/operation:resume",
               gate.Guard("operation.resume", Trace::kAudited,
                          [services](const auto&, const Caller&, const Call& call) -> Reply {
                            RETURN_IF_ERROR(services->operation.Resume(call));
                            return ShowNow(*services);
                          }));
  server.Route("POST", "/v1/operation:release-brake",
               gate.Guard("operation.release-brake", Trace::kAudited,
                          [services](const auto&, const Caller&, const Call& call) -> Reply {
                            RETURN_IF_ERROR(services->operation.ReleaseBrake(call));
                            return ShowNow(*services);
                          }));
}

void RouteAudit(HttpServer& server, AdminGate& gate, const Shared& services) {
  const auto audit = [services](bool adopt) {
    return [services, adopt](const auto&, const Caller&, const Call& call) -> Reply {
      ASSIGN_OR_RETURN(const admin::v1::AuditResponse found,
                       services->audit(adopt, Call::Within(kAuditTimeout, call.stop)));
      return JsonReply(found);
    };
  };
  server.Route("GET", "/v1/audit", gate.Guard("audit.read", Trace::kAudited, audit(false)));
  server.Route("POST", "/v1/audit:adopt", gate.Guard("audit.adopt", Trace::kAudited, audit(true)));
}

void RouteJoinerHosts(HttpServer& server, AdminGate& gate, const Shared& services) {
  server.Route(
      "GET", "/v1/joiner-hosts",
      gate.Guard(
          "joiner-hosts.read", Trace::kAudited,
          [services](const HttpServerRequest& request, const Caller&, const Call& call) -> Reply {
            admin::v1::JoinerHostsRequest wish;
            wish.set_domain(QueryText(request, "domain"));
            wish.set_namespace_(QueryText(request, "namespace"));
            wish.set_vm(QueryText(request, "vm"));
            ASSIGN_OR_RETURN(
                const admin::v1::JoinerHostsResponse found,
                services->joiner_hosts(wish, false, Call::Within(kAuditTimeout, call.stop)));
            return JsonReply(found);
          }));
  server.Route(
      "POST", "/v1/joiner-hosts:adopt",
      gate.Guard(
          "joiner-hosts.adopt", Trace::kAudited,
          [services](const HttpServerRequest& request, const Caller&, const Call& call) -> Reply {
            admin::v1::JoinerHostsRequest wish;
            RETURN_IF_ERROR(ParseJsonBody(request.body, &wish));
            ASSIGN_OR_RETURN(
                const admin::v1::JoinerHostsResponse done,
                services->joiner_hosts(wish, true, Call::Within(kAuditTimeout, call.stop)));
            return JsonReply(done);
          }));
}

void RouteRest(HttpServer& server, AdminGate& gate, const Shared& services) {
  server.Route(
      "GET", "/v1/events",
      gate.Guard("event.list", Trace::kPlain,
                 [services](const HttpServerRequest& request, const Caller&, const Call& call) {
                   return ListEvents(*services, request, call);
                 }));
  server.Route("POST", "/v1/backup",
               gate.Guard("backup", Trace::kAudited,
                          [services](const HttpServerRequest& request, const Caller&,
                                     const Call& call) -> Reply {
                            admin::v1::BackupRequest wish;
                            RETURN_IF_ERROR(ParseJsonBody(request.body, &wish));
                            RETURN_IF_ERROR(services->backup(wish.path(), call));
                            return HttpServerReply{.body = "{}"};
                          }));
  server.Route("GET", "/v1/version",
               gate.Guard("version", Trace::kPlain,
                          [services](const auto&, const Caller&, const Call& call) -> Reply {
                            return JsonReply(services->version(call));
                          }));
}

}  // namespace

void RouteOperation(HttpServer& server, AdminGate& gate, OperationServices services) {
  const auto shared = std::make_shared<const OperationServices>(std::move(services));
  RouteNodes(server, gate, shared);
  RouteOperationVerbs(server, gate, shared);
  RouteAudit(server, gate, shared);
  RouteJoinerHosts(server, gate, shared);
  RouteRest(server, gate, shared);
}

}  // namespace innkeeper
