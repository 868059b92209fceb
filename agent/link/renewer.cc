#include "agent/link/renewer.h"

#include <fstream>
#include <iterator>
#include <utility>

#include "agent/link/join_client.h"
#include "agent/link/signing_request.h"
#include "base/http_client/http_client.h"
#include "base/log.h"
#include "base/thread_name.h"
#include "base/tls.h"
#include "google/protobuf/util/json_util.h"
#include "innkeeper/admin/v1/admin.pb.h"
#include "nlohmann/json.hpp"

namespace innkeeper {
namespace {

constexpr size_t kReplyCap = 256 * 1024;

}  // namespace

Renewer::Renewer(const Clock& clock, Random& random, Options options)
    : clock_(clock), options_(std::move(options)), backoff_(options_.retry, random) {}

Renewer::~Renewer() { Stop(); }

absl::StatusOr<bool> Renewer::RenewIfDue(const Call& call) {
  ASSIGN_OR_RETURN(const KeyPair present, LoadKeyPair(options_.directory));
  ASSIGN_OR_RETURN(const CertificateFacts facts, ReadCertificate(present.chain));
  const absl::Time due = facts.not_before + (facts.not_after - facts.not_before) / 3;
  if (clock_.Now() < due) return false;
  RETURN_IF_ERROR(Renew(call));
  if (options_.on_new) options_.on_new();
  return true;
}

absl::Status Renewer::Renew(const Call& call) {
  const std::string current = options_.directory + "/current/";
  HttpClient::Options client_options;
  client_options.ca_file = current + "ca.crt";
  client_options.certificate_file = current + "tls.crt";
  client_options.key_file = current + "tls.key";
  client_options.reply_cap = kReplyCap;
  client_options.resolve = options_.resolve;
  ASSIGN_OR_RETURN(const std::unique_ptr<HttpClient> client,
                   HttpClient::Create(std::move(client_options)));
  ASSIGN_OR_RETURN(SigningRequest made, MakeSigningRequest());
  HttpRequest request;
  request.method = "POST";
  request.url = options_.url + "/v1/agents:renew";
  request.headers = {{"content-type", "application/json"}};
  request.body = nlohmann::json{{"csr", made.request}}.dump();
  ASSIGN_OR_RETURN(const HttpReply reply, client->Send(std::move(request), call));
  if (reply.status != 200) return ReplyStatus(reply.status, reply.body, "renew");
  admin::v1::RenewResponse response;
  google::protobuf::util::JsonParseOptions parse;
  parse.ignore_unknown_fields = true;
  if (!google::protobuf::util::JsonStringToMessage(reply.body, &response, parse).ok())
    return absl::InternalError("renew: the coordinator's answer cannot be read");
  const KeyPair pair{response.certificate(), std::move(made.key)};
  RETURN_IF_ERROR(ValidateKeyPair(pair, /*ca=*/"", clock_.Now()));
  if (!ReadCertificate(response.ca()).ok())
    return absl::InternalError("renew: the coordinator sent no authority");
  return PublishKeyPair(options_.directory, pair, response.ca());
}

void Renewer::Start() {
  thread_ = std::jthread([this](std::stop_token stop) {
    NameThread("cert-renewer");
    Run(std::move(stop));
  });
}

void Renewer::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void Renewer::Run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const absl::StatusOr<bool> renewed = RenewIfDue(Call::Within(options_.timeout, stop));
    Duration wait = options_.check;
    if (!renewed.ok() && !stop.stop_requested()) {
      wait = backoff_.Next();
      LogWarning("certificate not renewed", {{"error", renewed.status()}});
    } else if (renewed.ok()) {
      backoff_.Reset();
      if (*renewed) LogInfo("certificate renewed");
    }
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, wait, [] { return false; });
  }
}

}  // namespace innkeeper
