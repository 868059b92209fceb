#include "vm/guest_agent/qga_client.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "vm/guest_agent/qga_messages.h"

namespace innkeeper {
namespace {

// libvirt's own limit for one command: its hidden sync has 5 s in any case, so less gains nothing.
constexpr int kSecondsPerCommand = 5;
// Commands from about 200 KiB on never reach a guest through libvirt 9.0 and QEMU 7.2 (they exceed
// the socket buffer between the two); the caller would only see a silent guest.
constexpr size_t kRequestCap = 128 * 1024;
constexpr Duration kFirstPoll = std::chrono::milliseconds(50);
constexpr Duration kLongestPoll = std::chrono::seconds(1);
// Handles leak in the guest until closed, so closing may outlive the caller's deadline by this
// much.
constexpr Duration kCloseGrace = std::chrono::seconds(2);
// A node has hundreds of domains; more than this is a leak of ours or a churn, and forgetting is
// safe.
constexpr size_t kRememberedCap = 4096;

// False when the guest's agent is out of reach, so that one more command would only cost its time
// limit.
bool IsReachable(const absl::Status& status) {
  switch (FailureOf(status)) {
    case AgentFailure::kUnresponsive:
    case AgentFailure::kNotConnected:
    case AgentFailure::kNotRunning:
    case AgentFailure::kPoisoned:
    case AgentFailure::kDaemonLost:
    case AgentFailure::kDomainGone:
      return false;
    default:
      return true;
  }
}

// Waits; false when the call ended meanwhile.
bool Rest(Duration pause, const Call& call) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  const MonotonicTime until = std::chrono::steady_clock::now() + pause;
  never.wait_until(lock, call.stop, std::min(until, call.deadline), [] { return false; });
  return call.Remaining() > Duration::zero();
}

}  // namespace

absl::StatusOr<std::string> QgaClient::Ask(const DomainId& id, const std::string& request,
                                           const Call& call) {
  RETURN_IF_ERROR(call.Check("guest agent"));
  return hypervisor_.AgentCommand(id, request, kSecondsPerCommand, call);
}

absl::StatusOr<std::string> QgaClient::AskPlain(const DomainId& id, const char* command,
                                                const Call& call) {
  return Ask(id, PlainRequest(command), call);
}

absl::Status QgaClient::Ping(const DomainId& id, const Call& call) {
  ASSIGN_OR_RETURN(const std::string reply, AskPlain(id, "guest-ping", call));
  return DecodeNothing(reply);
}

absl::StatusOr<GuestAgentAbilities> QgaClient::Abilities(const DomainId& id, const Call& call) {
  ASSIGN_OR_RETURN(const std::string reply, AskPlain(id, "guest-info", call));
  ASSIGN_OR_RETURN(AgentInventory seen, DecodeInventory(reply));
  if (seen.only_frozen_commands) {
    ASSIGN_OR_RETURN(const std::string state, AskPlain(id, "guest-fsfreeze-status", call));
    ASSIGN_OR_RETURN(const bool frozen, DecodeFrozen(state));
    if (frozen) {
      GuestAgentAbilities abilities = remembered_.With([&](auto& map) {
        const auto known = map.find(id);
        return known == map.end() ? GuestAgentAbilities{} : known->second;
      });
      abilities.version = seen.abilities.version;
      abilities.frozen = true;
      return abilities;
    }
    // Thawed: either forbidden by policy, or it thawed between the two questions.
    ASSIGN_OR_RETURN(const std::string again, AskPlain(id, "guest-info", call));
    ASSIGN_OR_RETURN(seen, DecodeInventory(again));
  }
  remembered_.With([&](auto& map) {
    if (map.size() >= kRememberedCap && !map.contains(id)) map.clear();
    map[id] = seen.abilities;
  });
  return seen.abilities;
}

void QgaClient::Forget(const DomainId& id) {
  remembered_.With([&](auto& map) { map.erase(id); });
}

absl::StatusOr<GuestOs> QgaClient::Os(const DomainId& id, const Call& call) {
  ASSIGN_OR_RETURN(const std::string reply, AskPlain(id, "guest-get-osinfo", call));
  return DecodeOs(reply);
}

absl::StatusOr<std::string> QgaClient::HostName(const DomainId& id, const Call& call) {
  ASSIGN_OR_RETURN(const std::string reply, AskPlain(id, "guest-get-host-name", call));
  return DecodeHostName(reply);
}

absl::StatusOr<GuestAddresses> QgaClient::Addresses(const DomainId& id, const Call& call) {
  ASSIGN_OR_RETURN(const std::string reply, AskPlain(id, "guest-network-get-interfaces", call));
  return DecodeAddresses(reply);
}

absl::StatusOr<absl::Time> QgaClient::Time(const DomainId& id, const Call& call) {
  ASSIGN_OR_RETURN(const std::string reply, AskPlain(id, "guest-get-time", call));
  return DecodeTime(reply);
}

absl::Status QgaClient::SetTime(const DomainId& id, absl::Time time, const Call& call) {
  ASSIGN_OR_RETURN(const std::string reply, Ask(id, SetTimeRequest(time), call));
  return DecodeNothing(reply);
}

absl::StatusOr<int64_t> QgaClient::Start(const DomainId& id, const GuestCommand& command,
                                         const Call& call) {
  const Secret request = ExecRequest(command);
  if (request.Reveal().size() > kRequestCap) {
    return AgentError(AgentFailure::kTooLarge,
                      "a command of " + std::to_string(request.Reveal().size()) + " bytes");
  }
  std::string text(request.Reveal());
  const absl::StatusOr<std::string> reply = Ask(id, text, call);
  WipeString(text);
  RETURN_IF_ERROR(reply.status());
  return DecodePid(*reply);
}

absl::StatusOr<std::optional<GuestExit>> QgaClient::Poll(const DomainId& id, int64_t pid,
                                                         const Call& call) {
  ASSIGN_OR_RETURN(const std::string reply, Ask(id, ExecStatusRequest(pid), call));
  return DecodeExit(reply);
}

absl::StatusOr<GuestExit> QgaClient::Await(const DomainId& id, int64_t pid,
                                           const std::function<void()>& progress,
                                           const Call& call) {
  Duration pause = kFirstPoll;
  while (Rest(pause, call)) {
    pause = std::min(pause * 2, kLongestPoll);
    if (progress) progress();
    ASSIGN_OR_RETURN(std::optional<GuestExit> exit, Poll(id, pid, call));
    if (exit.has_value()) return *std::move(exit);
  }
  return call.Check("waiting for a program in the guest");
}

absl::StatusOr<std::string> QgaClient::ReadFile(const DomainId& id, const std::string& path,
                                                size_t max_bytes, const Call& call) {
  if (max_bytes > kFileCap) return absl::InvalidArgumentError("max_bytes exceeds kFileCap");
  ASSIGN_OR_RETURN(const std::string reply, Ask(id, FileOpenRequest(path), call));
  ASSIGN_OR_RETURN(const int64_t handle, DecodeHandle(reply));
  absl::StatusOr<std::string> content = ReadTwice(id, handle, max_bytes, call);
  if (IsReachable(content.status())) Close(id, handle, call);
  return content;
}

absl::StatusOr<std::string> QgaClient::ReadTwice(const DomainId& id, int64_t handle,
                                                 size_t max_bytes, const Call& call) {
  ASSIGN_OR_RETURN(std::string first, ReadOnce(id, handle, max_bytes, call));
  ASSIGN_OR_RETURN(const std::string reply, Ask(id, FileRewindRequest(handle), call));
  ASSIGN_OR_RETURN(const int64_t position, DecodePosition(reply));
  if (position != 0) return AgentError(AgentFailure::kBadAnswer, "the file did not rewind");
  const absl::StatusOr<std::string> second = ReadOnce(id, handle, max_bytes, call);
  if (absl::IsResourceExhausted(second.status()) || (second.ok() && *second != first)) {
    return absl::AbortedError("the file changed while it was read");
  }
  RETURN_IF_ERROR(second.status());
  return first;
}

absl::StatusOr<std::string> QgaClient::ReadOnce(const DomainId& id, int64_t handle,
                                                size_t max_bytes, const Call& call) {
  std::string content;
  while (true) {
    // One byte more than allowed, so that a file of exactly max_bytes passes and a longer one
    // shows.
    const size_t asked = std::min(kReadChunk, max_bytes - content.size() + 1);
    ASSIGN_OR_RETURN(const std::string reply, Ask(id, FileReadRequest(handle, asked), call));
    ASSIGN_OR_RETURN(const FileChunk chunk, DecodeChunk(reply, asked));
    content += chunk.bytes;
    if (content.size() > max_bytes) {
      return AgentError(AgentFailure::kTooLarge,
                        "the file has more than " + std::to_string(max_bytes) + " bytes");
    }
    if (chunk.end) return content;
  }
}

void QgaClient::Close(const DomainId& id, int64_t handle, const Call& call) {
  Call grace = call;
  grace.deadline = std::max(call.deadline, std::chrono::steady_clock::now() + kCloseGrace);
  grace.stop = {};
  // Nothing to be done about a failure: the handle dies with the agent.
  (void)Ask(id, FileCloseRequest(handle), grace);
}

}  // namespace innkeeper
