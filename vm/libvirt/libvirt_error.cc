#include "vm/libvirt/libvirt_error.h"

#include <libvirt/virterror.h>

#include <cerrno>

#include "base/text.h"
#include "vm/guest_agent/agent_failure.h"

namespace innkeeper {
namespace {

using enum AgentFailure;

// Since libvirt 11.2; the headers of version 9 do not name them.
constexpr int kAgentCommandTimeout = 112;
constexpr int kAgentCommandFailed = 113;

bool Has(const LibvirtError& error, const char* text) {
  return error.message.find(text) != std::string::npos;
}

// "unable to execute QEMU agent command 'X': TEXT"
std::string AgentText(const std::string& message) {
  constexpr char kPrefix[] = "unable to execute QEMU agent command '";
  const size_t prefix = message.find(kPrefix);
  if (prefix == std::string::npos) return message;
  const size_t colon = message.find("': ", prefix + sizeof kPrefix - 1);
  return colon == std::string::npos ? message : message.substr(colon + 3);
}

AgentFailure ClassifyUnresponsive(const LibvirtError& error) {
  if (Has(error, "due to an error")) return kPoisoned;
  if (Has(error, "not connected") || Has(error, "disappeared")) return kNotConnected;
  return kUnresponsive;
}

// The guest's bytes, not ours: what we send comes from a JSON library. Seen with invalid UTF-8 and
// with very deep nesting.
bool IsJsonFailure(const LibvirtError& error) {
  return error.domain == VIR_FROM_NONE &&
         (Has(error, "cannot parse json") || Has(error, "virJSONValue"));
}

// kNone: not an agent's or a domain's failure.
AgentFailure Classify(const LibvirtError& error) {
  if (IsConnectionLoss(error)) return kDaemonLost;
  switch (error.code) {
    case VIR_ERR_NO_DOMAIN:
      return kDomainGone;
    case VIR_ERR_OPERATION_INVALID:
      return kNotRunning;
    case VIR_ERR_ARGUMENT_UNSUPPORTED:
      return Has(error, "guest agent is not configured") ? kNoChannel : kUnsupported;
    case VIR_ERR_NO_SUPPORT:
    case VIR_ERR_OPERATION_UNSUPPORTED:
      return kUnsupported;
    case VIR_ERR_OPERATION_TIMEOUT:
      return kBusy;
    case VIR_ERR_AGENT_UNRESPONSIVE:
      return ClassifyUnresponsive(error);
    case kAgentCommandTimeout:
      return kUnresponsive;
    case VIR_ERR_RPC:
      return kTooLarge;  // the only one that is no connection loss
    case VIR_ERR_SYSTEM_ERROR:
      // The agent's line exceeded libvirt's buffer or is no JSON.
      return error.domain == VIR_FROM_QEMU && error.int1 == ERANGE ? kPoisoned : kNone;
    case VIR_ERR_INTERNAL_ERROR:
      if (error.domain == VIR_FROM_QEMU) return ClassifyAgentText(AgentText(error.message));
      return IsJsonFailure(error) ? kBadAnswer : kNone;
    case kAgentCommandFailed:
      return ClassifyAgentText(AgentText(error.message));
    default:
      return kNone;
  }
}

}  // namespace

LibvirtError TakeLastError() {
  const virErrorPtr last = virGetLastError();
  if (last == nullptr) return {};
  return {last->code, last->domain, last->int1, last->message == nullptr ? "" : last->message};
}

bool IsConnectionLoss(const LibvirtError& error) {
  switch (error.code) {
    case VIR_ERR_NO_CONNECT:
    case VIR_ERR_INVALID_CONN:
    case VIR_ERR_GNUTLS_ERROR:
    case VIR_ERR_AUTH_FAILED:
    case VIR_ERR_AUTH_CANCELLED:
    case VIR_ERR_AUTH_UNAVAILABLE:
      return true;
    case VIR_ERR_RPC:
      return !Has(error, "Unable to encode message payload");
    case VIR_ERR_INTERNAL_ERROR:
    case VIR_ERR_SYSTEM_ERROR:
      return error.domain == VIR_FROM_RPC || error.domain == VIR_FROM_REMOTE;
    default:
      return false;
  }
}

absl::Status ToStatus(const LibvirtError& error, const std::string& doing) {
  const AgentFailure failure = Classify(error);
  if (failure != kNone) return Annotate(AgentError(failure, error.message), doing);
  const std::string text = doing + ": " + Printable(error.message.substr(0, 300));
  switch (error.code) {
    case VIR_ERR_OPERATION_DENIED:
    case VIR_ERR_ACCESS_DENIED:
      return absl::PermissionDeniedError(text);
    case VIR_ERR_NO_DOMAIN_METADATA:
    case VIR_ERR_NO_HOSTNAME:
      return absl::NotFoundError(text);
    default:
      return absl::InternalError(text + " (" + std::to_string(error.code) + "/" +
                                 std::to_string(error.domain) + ")");
  }
}

}  // namespace innkeeper
