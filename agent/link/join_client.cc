#include "agent/link/join_client.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/time/clock.h"
#include "agent/link/authority_probe.h"
#include "agent/link/signing_request.h"
#include "base/http_client/http_client.h"
#include "base/text.h"
#include "base/tls.h"
#include "google/protobuf/util/json_util.h"
#include "innkeeper/admin/v1/admin.pb.h"
#include "nlohmann/json.hpp"

namespace innkeeper {
namespace {

constexpr size_t kReplyCap = 256 * 1024;  // bytes; a chain and a bundle
constexpr size_t kHashSize = 64;          // SHA-256 in hexadecimal
constexpr size_t kMessageCap = 300;       // of the coordinator's error text

struct SplitToken {
  Secret credential;  // "id.secret"
  std::string authority_sha256;
};

absl::StatusOr<SplitToken> Split(const Secret& token) {
  const std::string_view text = token.Reveal();
  const size_t last = text.rfind('.');
  const bool whole = last != std::string_view::npos && text.find('.') != last &&
                     text.size() - last - 1 == kHashSize &&
                     text.find_first_not_of("0123456789abcdef", last + 1) == std::string_view::npos;
  if (!whole) return absl::InvalidArgumentError("a join token has three parts: id.secret.hash");
  return SplitToken{Secret(std::string(text.substr(0, last))), std::string(text.substr(last + 1))};
}

absl::StatusOr<admin::v1::JoinResponse> Ask(const JoinRequestOptions& options,
                                            const SplitToken& token, const std::string& authority,
                                            const std::string& signing_request, const Call& call) {
  HttpClient::Options client_options;
  client_options.ca_pem = authority;
  client_options.reply_cap = kReplyCap;
  client_options.resolve = options.resolve;
  ASSIGN_OR_RETURN(const std::unique_ptr<HttpClient> client,
                   HttpClient::Create(std::move(client_options)));
  HttpRequest request;
  request.method = "POST";
  request.url = options.url + "/v1/agents:join";
  request.headers = {{"content-type", "application/json"}};
  // Not by way of a protobuf message: fewer copies of the token.
  request.body = nlohmann::json{{"token", std::string(token.credential.Reveal())},
                                {"node", options.node},
                                {"csr", signing_request}}
                     .dump();
  request.secret_body = true;
  ASSIGN_OR_RETURN(const HttpReply reply, client->Send(std::move(request), call));
  if (reply.status != 200) return ReplyStatus(reply.status, reply.body, "join");
  admin::v1::JoinResponse response;
  google::protobuf::util::JsonParseOptions parse;
  parse.ignore_unknown_fields = true;
  if (!google::protobuf::util::JsonStringToMessage(reply.body, &response, parse).ok())
    return absl::InternalError("join: the coordinator's answer cannot be read");
  return response;
}

std::string RecordPath(const std::string& directory) { return directory + "/joined.json"; }

absl::Status WriteRecord(const std::string& directory, const JoinRecord& record) {
  const std::string path = RecordPath(directory);
  const std::string fresh = path + ".new";
  {
    std::ofstream file(fresh, std::ios::trunc);
    file << nlohmann::json{{"url", record.url},
                           {"agent_endpoint", record.agent_endpoint},
                           {"node", record.node},
                           {"namespace", record.space},
                           {"cluster", record.cluster}}
                .dump(2)
         << "\n";
    if (!file.flush()) return absl::InternalError("cannot write " + fresh);
  }
  if (rename(fresh.c_str(), path.c_str()) != 0) return ErrnoStatus(errno, "rename " + fresh);
  return absl::OkStatus();
}

absl::StatusCode CodeOf(int http_status) {
  switch (http_status) {
    case 400:
      return absl::StatusCode::kInvalidArgument;
    case 401:
      return absl::StatusCode::kUnauthenticated;
    case 403:
      return absl::StatusCode::kPermissionDenied;
    case 404:
      return absl::StatusCode::kNotFound;
    case 409:
      return absl::StatusCode::kAlreadyExists;
    case 429:
      return absl::StatusCode::kResourceExhausted;
    case 502:
    case 503:
    case 504:
      return absl::StatusCode::kUnavailable;
    default:
      return absl::StatusCode::kInternal;
  }
}

}  // namespace

absl::Status ReplyStatus(int http_status, const std::string& body, const std::string& what) {
  std::string message = "HTTP status " + std::to_string(http_status);
  const nlohmann::json json = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (json.is_object()) {
    const auto error = json.find("error");
    if (error != json.end() && error->is_object()) {
      const auto text = error->find("message");
      if (text != error->end() && text->is_string())
        message = Printable(text->get<std::string>().substr(0, kMessageCap));
    }
  }
  return {CodeOf(http_status), what + ": " + message};
}

absl::StatusOr<JoinRecord> JoinCoordinator(const JoinRequestOptions& options, const Call& call) {
  ASSIGN_OR_RETURN(const SplitToken token, Split(options.token));
  ASSIGN_OR_RETURN(const std::string authority,
                   ProbeAuthority(options.url, token.authority_sha256, call));
  ASSIGN_OR_RETURN(SigningRequest made, MakeSigningRequest());
  ASSIGN_OR_RETURN(const admin::v1::JoinResponse response,
                   Ask(options, token, authority, made.request, call));
  const KeyPair pair{response.certificate(), std::move(made.key)};
  // The certificate is for our key; which authority agents have is the coordinator's business.
  RETURN_IF_ERROR(ValidateKeyPair(pair, /*ca=*/"", absl::Now()));
  std::error_code failed;
  std::filesystem::create_directories(options.directory, failed);
  if (failed) return ErrnoStatus(failed.value(), "make " + options.directory);
  RETURN_IF_ERROR(PublishKeyPair(options.directory, pair, response.ca()));
  JoinRecord record{.url = options.url,
                    .agent_endpoint = response.agent_endpoint(),
                    .node = response.node(),
                    .space = response.namespace_(),
                    .cluster = response.cluster()};
  RETURN_IF_ERROR(WriteRecord(options.directory, record));
  return record;
}

absl::StatusOr<JoinRecord> LoadJoinRecord(const std::string& directory) {
  std::ifstream file(RecordPath(directory));
  if (!file) return absl::NotFoundError("this node has not joined: no " + RecordPath(directory));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  JoinRecord record;
  for (const auto& [key, value] : std::initializer_list<std::pair<const char*, std::string*>>{
           {"url", &record.url},
           {"agent_endpoint", &record.agent_endpoint},
           {"node", &record.node},
           {"namespace", &record.space},
           {"cluster", &record.cluster}}) {
    if (!json.is_object() || !json.contains(key) || !json[key].is_string())
      return absl::DataLossError(RecordPath(directory) + " cannot be read");
    *value = json[key].get<std::string>();
  }
  return record;
}

}  // namespace innkeeper
