#include "coordinator/kube/kube_failure.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace innkeeper {
namespace {

using nlohmann::json;

constexpr char kPayload[] = "innkeeper/kube-failure";
constexpr size_t kBodyCap = 256 * 1024;     // bytes of a Status object that is parsed at all
constexpr size_t kMessageCap = 1024;        // bytes
constexpr size_t kCauseCap = 16;            // causes
constexpr int64_t kMostRetryAfter = 3'600;  // seconds; more is no honest answer

std::string Text(const json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || !it->is_string()) return "";
  return Printable(it->get_ref<const std::string&>().substr(0, kMessageCap));
}

absl::StatusCode CodeOf(const KubeFailure& failure) {
  switch (failure.code) {
    case 401:
      return absl::StatusCode::kUnauthenticated;
    case 403:  // the admission of quotas says it so
      return failure.message.find("exceeded quota:") != std::string::npos
                 ? absl::StatusCode::kResourceExhausted
                 : absl::StatusCode::kPermissionDenied;
    case 404:
      return absl::StatusCode::kNotFound;
    case 408:
      return absl::StatusCode::kUnavailable;
    case 409:
      return failure.reason == "AlreadyExists" ? absl::StatusCode::kAlreadyExists
                                               : absl::StatusCode::kAborted;
    case 410:
      return absl::StatusCode::kOutOfRange;
    case 429:
      return absl::StatusCode::kResourceExhausted;
    default:
      break;
  }
  if (failure.code >= 500) return absl::StatusCode::kUnavailable;
  return failure.code >= 400 ? absl::StatusCode::kInvalidArgument : absl::StatusCode::kInternal;
}

void ReadDetails(const json& details, KubeFailure& failure) {
  if (const auto wait = details.find("retryAfterSeconds");
      wait != details.end() && wait->is_number_integer()) {
    failure.retry_after =
        std::chrono::seconds(std::clamp<int64_t>(wait->get<int64_t>(), 0, kMostRetryAfter));
  }
  const auto causes = details.find("causes");
  if (causes == details.end() || !causes->is_array()) return;
  for (const json& cause : *causes) {
    if (failure.causes.size() == kCauseCap) return;
    if (!cause.is_object()) continue;
    failure.causes.push_back({Text(cause, "reason"), Text(cause, "field"), Text(cause, "message")});
  }
}

std::string Payload(const KubeFailure& failure) {
  json causes = json::array();
  for (const KubeFailure::Cause& cause : failure.causes) {
    causes.push_back(
        {{"reason", cause.reason}, {"field", cause.field}, {"message", cause.message}});
  }
  const auto wait = std::chrono::duration_cast<std::chrono::seconds>(failure.retry_after);
  return json{{"kind", "Status"},
              {"code", failure.code},
              {"reason", failure.reason},
              {"message", failure.message},
              {"details", {{"retryAfterSeconds", wait.count()}, {"causes", causes}}}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

absl::Status KubeStatus(const KubeFailure& failure, const std::string& doing) {
  std::string message = doing + ": " + std::to_string(failure.code);
  if (!failure.reason.empty()) message += " " + failure.reason;
  if (!failure.message.empty()) message += ": " + failure.message;
  absl::Status status(CodeOf(failure), message);
  status.SetPayload(kPayload, absl::Cord(Payload(failure)));
  return status;
}

std::optional<KubeFailure> FindKubeFailure(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kPayload);
  if (!payload) return std::nullopt;
  const std::string text(*payload);
  const json object = json::parse(text, nullptr, false);
  const int code = object.is_object() ? object.value("code", 0) : 0;
  return ParseKubeFailure(code, text);
}

KubeFailure ParseKubeFailure(int http_status, std::string_view body) {
  KubeFailure failure{.code = http_status};
  const json object =
      body.size() > kBodyCap ? json() : json::parse(body.begin(), body.end(), nullptr, false);
  if (!object.is_object() || Text(object, "kind") != "Status") {
    failure.message = Printable(std::string(body.substr(0, kMessageCap)));
    return failure;
  }
  failure.reason = Text(object, "reason");
  failure.message = Text(object, "message");
  const auto details = object.find("details");
  if (details != object.end() && details->is_object()) ReadDetails(*details, failure);
  return failure;
}

}  // namespace innkeeper
