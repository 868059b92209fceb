#include "coordinator/kube/http_kube_client.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/numbers.h"
#include "coordinator/kube/kube_connection.h"
#include "coordinator/kube/kube_decode.h"

namespace innkeeper {
namespace {

using nlohmann::json;

constexpr int kTries = 5;  // answers 429 in a row before the caller hears of it
constexpr char kJson[] = "application/json";

// Sleeps, unless the call ends first.
absl::Status Wait(Duration time, const Call& call) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, call.stop, time, [] { return false; });
  return call.Check("wait for the API server");
}

KubeFailure FailureOf(const HttpReply& reply) {
  KubeFailure failure = ParseKubeFailure(reply.status, reply.body);
  int seconds = 0;
  if (absl::SimpleAtoi(reply.Header("retry-after"), &seconds) && seconds > 0)
    failure.retry_after = std::chrono::seconds(std::min(seconds, 3'600));
  return failure;
}

// A patch that does not fit the object as it is now: its `test` did not hold or its path is not
// there. An object that a schema or a policy refuses comes with causes.
bool IsPatchMisfit(const KubeFailure& failure) {
  return failure.code == 422 && failure.causes.empty();
}

absl::Status AsAborted(const absl::Status& status) {
  absl::Status aborted = absl::AbortedError(status.message());
  status.ForEachPayload(
      [&](absl::string_view url, const absl::Cord& payload) { aborted.SetPayload(url, payload); });
  return aborted;
}

}  // namespace

HttpKubeClient::HttpKubeClient(KubeAccess access, Options options, const Clock& clock,
                               Connections connections)
    : access_(std::move(access)),
      options_(std::move(options)),
      base_(KubeBaseUrl(access_)),
      token_(access_.token_file, access_.token, clock),
      connections_(std::move(connections)) {}

absl::StatusOr<std::unique_ptr<HttpKubeClient>> HttpKubeClient::Create(KubeAccess access,
                                                                       Options options,
                                                                       const Clock& clock) {
  if (options.page_size < 1) return absl::InvalidArgumentError("a page holds no object");
  Connections made;
  ASSIGN_OR_RETURN(made.requests, ConnectKube(access, options.connections, options.object_cap));
  ASSIGN_OR_RETURN(made.pages, ConnectKube(access, options.connections, options.page_cap));
  ASSIGN_OR_RETURN(made.watches, ConnectKube(access, options.watches, options.object_cap));
  return std::unique_ptr<HttpKubeClient>(
      new HttpKubeClient(std::move(access), std::move(options), clock, std::move(made)));
}

absl::StatusOr<HttpRequest> HttpKubeClient::Request(const Ask& ask) {
  HttpRequest request{.method = ask.method, .url = base_ + ask.path};
  request.headers = {{"Accept", kJson}, {"User-Agent", options_.user_agent}};
  if (!ask.content_type.empty()) request.headers.emplace_back("Content-Type", ask.content_type);
  request.body = ask.body;
  request.secret_body = true;  // it may be a Secret
  ASSIGN_OR_RETURN(request.bearer, token_.Current());
  return request;
}

absl::StatusOr<HttpReply> HttpKubeClient::Send(HttpClient& http, const Ask& ask,
                                               const HttpClient::Sink* sink, const Call& call) {
  bool doubted = false;
  for (int tries = 1;; ++tries) {
    ASSIGN_OR_RETURN(HttpRequest request, Request(ask));
    absl::StatusOr<HttpReply> reply = sink != nullptr ? http.Stream(std::move(request), *sink, call)
                                                      : http.Send(std::move(request), call);
    RETURN_IF_ERROR(reply.status());
    if (reply->status / 100 == 2) return reply;
    const KubeFailure failure = FailureOf(*reply);
    if (failure.code == 401 && !std::exchange(doubted, true) && token_.Doubt()) continue;
    if (failure.code == 429 && call.stop.stop_requested()) return call.Check(ask.method);
    const bool worth_waiting = failure.code == 429 && failure.retry_after > Duration::zero() &&
                               failure.retry_after < call.Remaining() && tries < kTries;
    if (!worth_waiting) return KubeStatus(failure, ask.method + " " + ask.path);
    RETURN_IF_ERROR(Wait(failure.retry_after, call));
  }
}

KubeQuery HttpKubeClient::WriteQuery(const KubeWrite& how) const {
  KubeQuery query{{"fieldManager", options_.manager}};
  if (how.dry_run) query.emplace_back("dryRun", "All");
  return query;
}

absl::StatusOr<std::string> HttpKubeClient::Write(Ask ask, const Call& call) {
  absl::StatusOr<HttpReply> reply = Send(*connections_.requests, ask, nullptr, call);
  WipeString(ask.body);
  RETURN_IF_ERROR(reply.status());
  return std::move(reply->body);
}

absl::StatusOr<std::string> HttpKubeClient::Get(const KubePath& path, const Call& call) {
  ASSIGN_OR_RETURN(const std::string url, ObjectUrl(path));
  return Write({"GET", url}, call);
}

absl::StatusOr<std::string> HttpKubeClient::Create(const KubePath& path, const std::string& object,
                                                   const KubeWrite& how, const Call& call) {
  std::string url;
  if (path.subresource.empty()) {
    ASSIGN_OR_RETURN(url, CollectionUrl(path.kind, path.ns, WriteQuery(how)));
  } else {  // a token of an account, say
    ASSIGN_OR_RETURN(url, ObjectUrl(path, WriteQuery(how)));
  }
  return Write({"POST", url, kJson, object}, call);
}

absl::StatusOr<std::string> HttpKubeClient::Replace(const KubePath& path, const std::string& object,
                                                    const KubeWrite& how, const Call& call) {
  ASSIGN_OR_RETURN(const std::string url, ObjectUrl(path, WriteQuery(how)));
  return Write({"PUT", url, kJson, object}, call);
}

absl::StatusOr<std::string> HttpKubeClient::Patch(const KubePath& path, KubePatch form,
                                                  const std::string& patch, const KubeWrite& how,
                                                  const Call& call) {
  ASSIGN_OR_RETURN(const std::string url, ObjectUrl(path, WriteQuery(how)));
  const bool list = form == KubePatch::kJson;
  absl::StatusOr<std::string> patched = Write(
      {"PATCH", url, list ? "application/json-patch+json" : "application/merge-patch+json", patch},
      call);
  const std::optional<KubeFailure> failure =
      list ? FindKubeFailure(patched.status()) : std::nullopt;
  if (failure && IsPatchMisfit(*failure)) return AsAborted(patched.status());
  return patched;
}

absl::StatusOr<std::string> HttpKubeClient::Apply(const KubePath& path, const std::string& object,
                                                  const KubeWrite& how, const Call& call) {
  KubeQuery query = WriteQuery(how);
  if (how.force) query.emplace_back("force", "true");
  ASSIGN_OR_RETURN(const std::string url, ObjectUrl(path, query));
  return Write({"PATCH", url, "application/apply-patch+yaml", object}, call);
}

absl::Status HttpKubeClient::Delete(const KubePath& path, const KubePrecondition& only,
                                    const Call& call) {
  ASSIGN_OR_RETURN(const std::string url, ObjectUrl(path));
  json options{
      {"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"propagationPolicy", "Background"}};
  if (!only.uid.empty()) options["preconditions"]["uid"] = only.uid;
  if (!only.resource_version.empty())
    options["preconditions"]["resourceVersion"] = only.resource_version;
  return Write({"DELETE", url, kJson, options.dump(-1, ' ', false, json::error_handler_t::replace)},
               call)
      .status();
}

KubeQuery HttpKubeClient::Selectors(const KubeCollection& which) const {
  KubeQuery query;
  if (!which.label_selector.empty()) query.emplace_back("labelSelector", which.label_selector);
  if (!which.field_selector.empty()) query.emplace_back("fieldSelector", which.field_selector);
  return query;
}

absl::StatusOr<std::string> HttpKubeClient::List(const KubeCollection& which, const KubeSink& each,
                                                 const Call& call) {
  std::string next;
  while (true) {
    KubeQuery query = Selectors(which);
    query.emplace_back("limit", std::to_string(options_.page_size));
    if (!next.empty()) query.emplace_back("continue", next);
    ASSIGN_OR_RETURN(const std::string url, CollectionUrl(which.kind, which.ns, query));
    ASSIGN_OR_RETURN(HttpReply reply, Send(*connections_.pages, {"GET", url}, nullptr, call));
    const absl::StatusOr<KubePage> page = DecodePage(reply.body, each);
    WipeString(reply.body);  // it may be of Secrets
    RETURN_IF_ERROR(page.status());
    if (page->next.empty()) return page->resource_version;
    next = page->next;
  }
}

absl::Status HttpKubeClient::Watch(const KubeCollection& which, const KubeWatch& from,
                                   const KubeSink& each, const Call& call) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(options_.watch_time);
  KubeQuery query = Selectors(which);
  query.insert(query.end(), {{"watch", "true"},
                             {"allowWatchBookmarks", "true"},
                             {"timeoutSeconds", std::to_string(seconds.count())}});
  if (from.initial_events) {
    query.insert(query.end(),
                 {{"sendInitialEvents", "true"}, {"resourceVersionMatch", "NotOlderThan"}});
  }
  if (!from.resource_version.empty()) query.emplace_back("resourceVersion", from.resource_version);
  ASSIGN_OR_RETURN(const std::string url, CollectionUrl(which.kind, which.ns, query));
  WatchDecoder decoder(each, options_.event_cap);
  absl::Status ended;
  const HttpClient::Sink sink = [&](const char* bytes, size_t size) {
    ended = decoder.Feed(bytes, size);
    return ended.ok() && !call.stop.stop_requested();
  };
  const Call bounded = call.AtMost(options_.watch_time + options_.watch_grace);
  const absl::Status sent = Send(*connections_.watches, {"GET", url}, &sink, bounded).status();
  RETURN_IF_ERROR(ended);
  if (absl::IsDeadlineExceeded(sent) && call.Remaining() > Duration::zero())
    return absl::UnavailableError("the watch went silent: " + url);
  RETURN_IF_ERROR(sent);
  if (call.stop.stop_requested()) return call.Check("watch");
  return decoder.End();
}

}  // namespace innkeeper
