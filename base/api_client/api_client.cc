#include "base/api_client/api_client.h"

#include <google/protobuf/util/json_util.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/api_client/event_stream.h"

namespace innkeeper {
namespace {

constexpr char kUnix[] = "unix:";

absl::StatusCode CodeNamed(const std::string& name) {
  for (int code = 1; code <= 16; ++code) {
    const auto candidate = static_cast<absl::StatusCode>(code);
    if (absl::StatusCodeToString(candidate) == name) return candidate;
  }
  return absl::StatusCode::kUnknown;
}

// {"error": {"code": "NOT_FOUND", "message": "..."}}, or whatever a proxy put there instead.
absl::Status ErrorOf(const HttpReply& reply) {
  const nlohmann::json body = nlohmann::json::parse(reply.body, nullptr, false);
  if (body.is_object() && body.contains("error") && body["error"].is_object()) {
    const nlohmann::json& error = body["error"];
    const auto text = [&](const char* key) {
      const auto place = error.find(key);
      return place != error.end() && place->is_string() ? place->get<std::string>() : "";
    };
    return absl::Status(CodeNamed(text("code")), text("message"));
  }
  return absl::UnknownError("HTTP status " + std::to_string(reply.status));
}

}  // namespace

std::string PathSegment(const std::string& text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || c == '-' || c == '_' || c == '.' || c == '~') {
      encoded += c;
    } else {
      encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return encoded;
}

absl::StatusOr<std::unique_ptr<ApiClient>> ApiClient::Create(const ApiOptions& options) {
  HttpClient::Options http;
  if (options.server.starts_with(kUnix)) {
    http.unix_socket = options.server.substr(sizeof kUnix - 1);
  } else if (options.server.starts_with("https://")) {
    http.ca_file = options.ca_file;
    http.certificate_file = options.certificate_file;
    http.key_file = options.key_file;
  } else {
    return absl::InvalidArgumentError("the server is unix:/PATH or https://HOST:PORT, not '" +
                                      options.server + "'");
  }
  ASSIGN_OR_RETURN(std::unique_ptr<HttpClient> client, HttpClient::Create(std::move(http)));
  return std::unique_ptr<ApiClient>(new ApiClient(options, std::move(client)));
}

absl::Status ApiClient::Explain(absl::Status failure) const {
  if (!absl::IsUnavailable(failure) && !absl::IsPermissionDenied(failure)) return failure;
  const bool local = options_.server.starts_with(kUnix);
  return absl::Status(
      failure.code(),
      std::string(failure.message()) +
          (local ? "\nIs the coordinator running here, and may you use its socket " +
                       options_.server.substr(sizeof kUnix - 1) + "?"
                 : "\nCheck the server's address, the CA file, and your certificate and key."));
}

absl::Status ApiClient::Send(const std::string& method, const std::string& path,
                             const google::protobuf::Message* body,
                             google::protobuf::Message* reply, const Call& call) {
  HttpRequest request;
  request.method = method;
  request.url = (options_.server.starts_with(kUnix) ? "http://innkeeper" : options_.server) + path;
  if (body != nullptr) {
    request.headers.emplace_back("Content-Type", "application/json");
    if (!google::protobuf::util::MessageToJsonString(*body, &request.body).ok()) {
      return absl::InternalError("the request cannot be written as JSON");
    }
  }
  if (options_.verbose >= 6) std::fprintf(stderr, "> %s %s\n", method.c_str(), path.c_str());
  absl::StatusOr<HttpReply> answer = http_->Send(std::move(request), call);
  if (!answer.ok()) return Explain(answer.status());
  if (options_.verbose >= 6) {
    std::fprintf(stderr, "< %d, %zu bytes\n", answer->status, answer->body.size());
  }
  if (answer->status >= 300) return ErrorOf(*answer);
  if (reply == nullptr) return absl::OkStatus();
  google::protobuf::util::JsonParseOptions tolerant;
  tolerant.ignore_unknown_fields = true;  // a newer server
  if (!google::protobuf::util::JsonStringToMessage(answer->body, reply, tolerant).ok()) {
    return absl::InternalError("the server's answer is not what this version expects");
  }
  return absl::OkStatus();
}

absl::Status ApiClient::Watch(
    const std::string& path,
    const std::function<bool(const std::string&, const std::string&)>& handle, const Call& call) {
  HttpRequest request;
  request.url = (options_.server.starts_with(kUnix) ? "http://innkeeper" : options_.server) + path;
  request.headers.emplace_back("Accept", "text/event-stream");
  EventStreamParser parser(handle);
  const absl::StatusOr<HttpReply> answer = http_->Stream(
      std::move(request),
      [&](const char* bytes, size_t size) { return parser.Feed(std::string(bytes, size)); }, call);
  if (!answer.ok()) return Explain(answer.status());
  return answer->status < 300 ? absl::OkStatus() : ErrorOf(*answer);
}

}  // namespace innkeeper
