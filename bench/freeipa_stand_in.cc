#include "bench/freeipa_stand_in.h"

#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>

namespace innkeeper {
namespace {

using nlohmann::json;

// More than the coordinator has requests in flight.
constexpr size_t kWorkers = 16;

void Sleep(Duration time, const Call& call) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, call.stop, time, [] { return false; });
}

HttpRequest AsSent(const HttpServerRequest& request) {
  HttpRequest sent;
  sent.method = request.method;
  sent.url = request.path;
  sent.body = request.body;
  const auto cookie = request.headers.find("cookie");
  if (cookie != request.headers.end()) sent.headers = {{"Cookie", cookie->second}};
  return sent;
}

std::string OwnerIn(const json& options) {
  const json classes = options.value("userclass", json::array());
  if (classes.is_string()) return classes.get<std::string>();
  return classes.empty() ? "" : classes.at(0).get<std::string>();
}

ScriptedIpa::Result HostResult(const std::string& fqdn, const std::string& owner) {
  return {.object = HostJson(fqdn, R"(,"userclass":[")" + owner +
                                       R"("],"randompassword":"of-no-use-to-anybody")")};
}

}  // namespace

absl::StatusOr<std::unique_ptr<FreeIpaStandIn>> FreeIpaStandIn::Start() {
  std::unique_ptr<FreeIpaStandIn> made(new FreeIpaStandIn);
  HttpServer::Options options;
  options.listen = std::string(kAddress) + ":443";
  const KeyPair pair =
      made->authority_.Sign({.names = {kServer}, .until = absl::Now() + absl::Hours(24)});
  ASSIGN_OR_RETURN(options.tls, MakeServerContext(pair, "", ClientCertificate::kNone));
  options.workers = kWorkers;
  ASSIGN_OR_RETURN(made->server_, HttpServer::Create(std::move(options)));
  FreeIpaStandIn* const self = made.get();
  for (const char* path : {"/ipa/session/login_password", "/ipa/session/json"}) {
    made->server_->Route("POST", path, [self](const HttpServerRequest& request, const Call& call) {
      return self->Serve(request, call);
    });
  }
  RETURN_IF_ERROR(made->server_->Start());
  return made;
}

FreeIpaStandIn::~FreeIpaStandIn() {
  Hang(Duration::zero());
  server_->Stop(Call::Within(std::chrono::milliseconds(10)));
}

HttpServerReply FreeIpaStandIn::Serve(const HttpServerRequest& request, const Call& call) {
  ++waiting_;
  if (const Duration hang = hang_; hang > Duration::zero()) Sleep(hang, call);
  --waiting_;
  ++answered_;
  const absl::StatusOr<HttpReply> answer = script_.answer()(AsSent(request), call);
  HttpServerReply reply;
  if (!answer.ok()) {
    reply.status = 500;
    return reply;
  }
  reply.status = answer->status;
  reply.body = answer->body;
  for (const auto& [name, value] : answer->headers) {
    if (name == "content-type")
      reply.content_type = value;
    else
      reply.headers.emplace_back(name, value);
  }
  return reply;
}

ScriptedIpa::Result FreeIpaStandIn::Answer(const std::string& method, const std::string& params) {
  if (method == "host_find")
    return {.object = R"({"result":[],"count":0,"truncated":false,"summary":"0 hosts matched"})"};
  if (!method.starts_with("host_")) return {.object = R"({"result":{},"summary":null,"value":""})"};
  const json parsed = json::parse(params, nullptr, false);
  if (!parsed.is_array() || parsed.size() != 2 || parsed[0].empty() || !parsed[0][0].is_string())
    return {.code = 3005, .name = "OptionError", .message = "not understood"};
  const std::string fqdn = parsed[0][0];
  return hosts_.With([&](auto& hosts) -> ScriptedIpa::Result {
    if (method == "host_add") hosts[fqdn] = OwnerIn(parsed[1]);
    const auto host = hosts.find(fqdn);
    if (host == hosts.end())
      return {.code = 4001, .name = "NotFound", .message = fqdn + ": host not found"};
    return HostResult(fqdn, host->second);
  });
}

}  // namespace innkeeper
