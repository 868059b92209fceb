#include "vm/guest_agent/agent_failure.h"

#include <array>
#include <charconv>
#include <string_view>

#include "absl/strings/cord.h"
#include "base/text.h"

namespace innkeeper {
namespace {

constexpr char kPayloadUrl[] = "innkeeper.dev/agent-failure";
constexpr size_t kMessageCap = 300;  // bytes of a message that reaches logs and people

struct FailureRow {
  AgentFailure failure;
  absl::StatusCode code;
  const char* text;
};
using enum AgentFailure;
constexpr std::array kRows = {
    FailureRow{kNone, absl::StatusCode::kUnknown, "none"},
    FailureRow{kNotRunning, absl::StatusCode::kFailedPrecondition, "not running"},
    FailureRow{kNoChannel, absl::StatusCode::kFailedPrecondition, "no guest agent channel"},
    FailureRow{kNotConnected, absl::StatusCode::kUnavailable, "guest agent not connected"},
    FailureRow{kUnresponsive, absl::StatusCode::kDeadlineExceeded, "guest agent does not answer"},
    FailureRow{kBusy, absl::StatusCode::kResourceExhausted, "guest agent busy"},
    FailureRow{kPoisoned, absl::StatusCode::kFailedPrecondition, "guest agent channel broken"},
    FailureRow{kBlocked, absl::StatusCode::kPermissionDenied, "forbidden by the guest"},
    FailureRow{kFrozen, absl::StatusCode::kUnavailable, "guest file systems frozen"},
    FailureRow{kUnsupported, absl::StatusCode::kUnimplemented, "not supported by the guest agent"},
    FailureRow{kNotFound, absl::StatusCode::kNotFound, "not found in the guest"},
    FailureRow{kPermission, absl::StatusCode::kPermissionDenied, "permission denied in the guest"},
    FailureRow{kResultLost, absl::StatusCode::kDataLoss, "result lost"},
    FailureRow{kTooLarge, absl::StatusCode::kResourceExhausted, "answer too large"},
    FailureRow{kBadAnswer, absl::StatusCode::kDataLoss, "answer makes no sense"},
    FailureRow{kDaemonLost, absl::StatusCode::kUnavailable, "libvirt daemon lost"},
    FailureRow{kDomainGone, absl::StatusCode::kNotFound, "no such domain"},
    FailureRow{kInternal, absl::StatusCode::kInternal, "guest agent call failed"},
};

const FailureRow& RowOf(AgentFailure failure) {
  for (const FailureRow& row : kRows) {
    if (row.failure == failure) return row;
  }
  return kRows.back();
}

struct TextRow {
  const char* text;  // found anywhere in the agent's message
  AgentFailure failure;
};
// In order: the first that is found decides.
constexpr std::array kTexts = {
    TextRow{"the agent is in frozen state", kFrozen},
    TextRow{"has been disabled", kBlocked},
    TextRow{"has not been found", kUnsupported},
    TextRow{"Failed to execute child process", kNotFound},
    TextRow{"No such file or directory", kNotFound},
    TextRow{"Permission denied", kPermission},
    TextRow{"Operation not permitted", kPermission},
    TextRow{"Invalid parameter 'pid'", kResultLost},
    TextRow{"this feature or command is not currently supported", kUnsupported},
};

}  // namespace

const char* AgentFailureText(AgentFailure failure) { return RowOf(failure).text; }

absl::Status AgentError(AgentFailure failure, const std::string& message) {
  std::string text = std::string(AgentFailureText(failure));
  if (!message.empty()) text += ": " + Printable(message.substr(0, kMessageCap));
  absl::Status status(RowOf(failure).code, text);
  status.SetPayload(kPayloadUrl, absl::Cord(std::to_string(static_cast<int>(failure))));
  return status;
}

AgentFailure FailureOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayloadUrl);
  if (!payload.has_value()) return kNone;
  const std::string text(*payload);
  int number = 0;
  const char* end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || read != end) return kInternal;
  for (const FailureRow& row : kRows) {
    if (static_cast<int>(row.failure) == number) return row.failure;
  }
  return kInternal;
}

AgentFailure ClassifyAgentText(const std::string& text) {
  const std::string_view view(text);
  // "handle '7' has not been found" is a lost file handle, not an unknown command.
  if (view.find("handle '") != view.npos && view.find("has not been found") != view.npos) {
    return kResultLost;
  }
  // Newer agents name the pid: "PID 77 does not exist".
  if (view.starts_with("PID ") && view.ends_with(" does not exist")) return kResultLost;
  // A program that exists but may not run: the reason in brackets decides.
  if (view.find("Failed to execute child process") != view.npos &&
      view.find("(Permission denied)") != view.npos) {
    return kPermission;
  }
  for (const TextRow& row : kTexts) {
    if (view.find(row.text) != view.npos) return row.failure;
  }
  return kInternal;
}

}  // namespace innkeeper
