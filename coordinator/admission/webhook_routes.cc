#include "coordinator/admission/webhook_routes.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "coordinator/admission/review.h"

namespace innkeeper {
namespace {

constexpr size_t kBodyCap = 8u << 20;      // bytes
constexpr size_t kConnections = 256;       // API servers are few, each with some connections
constexpr std::chrono::seconds kWait{10};  // for a client to finish its request; reviews have 2

bool IsJson(const HttpServerRequest& request) {
  const auto type = request.headers.find("content-type");
  if (type == request.headers.end()) return false;
  const std::string media = type->second.substr(0, type->second.find(';'));
  return absl::AsciiStrToLower(absl::StripAsciiWhitespace(media)) == "application/json";
}

class VmWebhook {
 public:
  VmWebhook(const VmAdmission& admission, AdmissionMetrics& metrics, const Clock& clock)
      : admission_(admission), metrics_(metrics), clock_(clock) {}

  HttpServerReply operator()(const HttpServerRequest& request, const Call&) const {
    const MonotonicTime begun = clock_.Monotonic();
    if (!IsJson(request)) return Malformed(415, "a review is application/json");
    const absl::StatusOr<VmReview> review = DecodeReview(request.body);
    if (!review.ok()) return Malformed(400, std::string(review.status().message()));
    const AdmissionVerdict verdict = admission_.Admit(*review);
    HttpServerReply reply;
    reply.body = EncodeAnswer(review->uid, verdict.answer);
    metrics_.Count(verdict.result, clock_.Monotonic() - begun);
    return reply;
  }

 private:
  HttpServerReply Malformed(int status, const std::string& why) const {
    metrics_.CountMalformed();
    return ErrorReply(status, "INVALID_ARGUMENT", why);
  }

  const VmAdmission& admission_;
  AdmissionMetrics& metrics_;
  const Clock& clock_;
};

}  // namespace

HttpServer::Options WebhookServerOptions(const std::string& listen, TlsContext tls) {
  HttpServer::Options options;
  options.listen = listen;
  options.tls = std::move(tls);
  options.workers = 0;
  options.body_cap = kBodyCap;
  options.connections = kConnections;
  options.request_timeout = kWait;
  return options;
}

void RouteWebhooks(HttpServer& server, const VmAdmission& admission, AdmissionMetrics& metrics,
                   const Clock& clock) {
  server.Route("POST", "/mutate-virtualmachine", VmWebhook(admission, metrics, clock));
  server.Route("GET", "/healthz", [](const HttpServerRequest&, const Call&) {
    HttpServerReply reply;
    reply.content_type = "text/plain";
    reply.body = "ok\n";
    return reply;
  });
}

}  // namespace innkeeper
