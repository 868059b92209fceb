#include "base/health.h"

#include <utility>

#include "base/text.h"

namespace innkeeper {
namespace {

HttpServerReply Plain(int status, std::string text) {
  HttpServerReply reply;
  reply.status = status;
  reply.content_type = "text/plain; charset=utf-8";
  reply.body = std::move(text);
  return reply;
}

// "[+]ipa ok", "[-]ipa no server answers", "[~]..." where it does not count.
std::string Line(const std::string& name, Need need, const absl::Status& state) {
  if (state.ok()) return "[+]" + name + " ok\n";
  const std::string mark = need == Need::kRequired ? "[-]" : "[~]";
  return mark + name + " " + Printable(std::string(state.message())) + "\n";
}

}  // namespace

Health::Health(const Clock& clock, Duration limit)
    : clock_(clock), limit_(limit), beat_(clock.Monotonic()) {}

void Health::Add(const std::string& name, Need need, std::function<absl::Status()> state) {
  parts_.With([&](std::vector<Part>& parts) { parts.push_back({name, need, std::move(state)}); });
}

void Health::Beat() {
  beat_.With([now = clock_.Monotonic()](MonotonicTime& beat) { beat = now; });
}

bool Health::Alive() const {
  const MonotonicTime beat = beat_.With([](MonotonicTime& b) { return b; });
  return clock_.Monotonic() - beat <= limit_;
}

HttpServerReply Health::Ready(const HttpServerRequest& request) const {
  const std::vector<Part> parts = parts_.With([](std::vector<Part>& p) { return p; });
  bool ready = true;
  std::string lines;
  for (const Part& part : parts) {
    const absl::Status state = part.state();
    if (!state.ok() && part.need == Need::kRequired) ready = false;
    lines += Line(part.name, part.need, state);
  }
  const std::string verdict = ready ? "ready\n" : "not ready\n";
  return Plain(ready ? 200 : 503, request.query.contains("verbose") ? lines + verdict : verdict);
}

void Health::RouteOn(HttpServer& server) {
  const auto live = [this](const HttpServerRequest&, const Call&) {
    return Alive() ? Plain(200, "ok\n") : Plain(503, "the loop does not turn\n");
  };
  server.Route("GET", "/livez", live);
  server.Route("GET", "/healthz", live);
  server.Route("GET", "/readyz",
               [this](const HttpServerRequest& request, const Call&) { return Ready(request); });
}

}  // namespace innkeeper
