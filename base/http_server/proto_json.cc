#include "base/http_server/proto_json.h"

#include <google/protobuf/util/json_util.h>

#include <nlohmann/json.hpp>

#include "base/log.h"

namespace innkeeper {
namespace {

constexpr int kMostNesting =
    64;  // far beyond any of our messages; protobuf's own parser is slow there

// Whether braces and brackets, those in strings not counted, are open deeper than that anywhere.
bool IsTooDeep(const std::string& json) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < json.size() && depth <= kMostNesting; ++i) {
    const char c = json[i];
    if (in_string && c == '\\') {
      ++i;
    } else if (c == '"') {
      in_string = !in_string;
    } else if (!in_string && (c == '{' || c == '[')) {
      ++depth;
    } else if (!in_string && (c == '}' || c == ']')) {
      --depth;
    }
  }
  return depth > kMostNesting;
}

}  // namespace

int HttpStatusOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return 200;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kFailedPrecondition:
      return 409;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kUnimplemented:
      return 501;
    case absl::StatusCode::kUnavailable:
      return 503;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    default:
      return 500;
  }
}

std::string ToJson(const google::protobuf::Message& message) {
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(message, &text).ok()) return "{}";
  return text;
}

HttpServerReply JsonReply(const google::protobuf::Message& message) {
  HttpServerReply reply;
  reply.body = ToJson(message);
  return reply;
}

HttpServerReply ErrorReply(const absl::Status& status) {
  HttpServerReply reply;
  reply.status = HttpStatusOf(status.code());
  std::string message(status.message());
  if (reply.status == 500) {
    LogError("request failed", {{"err", status}});
    message = "internal error; the server's log says more";
  }
  const nlohmann::json body{
      {"error", {{"code", absl::StatusCodeToString(status.code())}, {"message", message}}}};
  reply.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return reply;
}

absl::Status ParseJsonBody(const std::string& body, google::protobuf::Message* message) {
  if (body.empty()) return absl::OkStatus();
  if (IsTooDeep(body)) return absl::InvalidArgumentError("the body is nested too deeply");
  const auto parsed = google::protobuf::util::JsonStringToMessage(body, message);
  if (parsed.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError("the body is not a " + message->GetTypeName() + ": " +
                                    std::string(parsed.message()));
}

}  // namespace innkeeper
