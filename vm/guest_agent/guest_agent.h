#pragma once
// The guest agent's commands, typed. Everything a guest answers is hostile: capped before parsing,
// shape-checked against its command, and never a key, a path or a label.
// Implementations: QgaClient over a Hypervisor; testing/FakeGuestAgent; one contract test.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/call.h"
#include "base/secret.h"
#include "base/status.h"
#include "vm/hypervisor.h"

namespace innkeeper {

// Why an agent call failed (facts: hypervisor-and-guest-agent §2.6); carried by the status as a
// payload.
enum class AgentFailure {
  kNone,
  kNotRunning,
  kNoChannel,
  kNotConnected,
  kUnresponsive,
  kBusy,
  kPoisoned,
  kBlocked,
  kFrozen,
  kUnsupported,
  kNotFound,
  kPermission,
  kResultLost,
  kTooLarge,
  kBadAnswer,
  kDaemonLost,
  kDomainGone,
  kInternal,
};
AgentFailure FailureOf(const absl::Status& status);
absl::Status AgentError(AgentFailure failure, const std::string& message);
const char* AgentFailureText(AgentFailure failure);

struct GuestAgentAbilities {
  std::string version;
  bool exec = false;
  bool file_read = false;
  bool set_time = false;
  bool frozen = false;  // then the three above are as remembered or unknown (false)
};

struct GuestOs {
  std::string id, name, version_id, kernel;
};
struct GuestAddress {
  std::string text, mac, interface;
};
struct GuestAddresses {
  std::vector<GuestAddress> addresses;
  bool truncated = false;
};

struct GuestCommand {
  std::string path;                      // absolute
  std::vector<std::string> arguments;    // logged by the guest: nothing secret
  std::vector<std::string> environment;  // replaces the guest's; NAME=value
  Secret input;                          // standard input, may hold secrets
};
struct GuestExit {
  bool by_signal = false;
  int code = 0;          // exit code, or the signal
  std::string out, err;  // capped at kOutputCap each, as they came
  bool truncated = false;
};
inline constexpr size_t kOutputCap = 256 * 1024;  // bytes kept of each stream
inline constexpr size_t kInputCap = 90 * 1024;    // bytes of a program's input that always pass
inline constexpr size_t kReadChunk = 64 * 1024;   // bytes per guest-file-read
inline constexpr size_t kFileCap = 1024 * 1024;   // bytes, the most ReadFile accepts as max

// All block; one caller per domain at a time (its lane). Deadlines: a call costs at least one
// libvirt time limit (5 s) when the guest is silent.
class GuestAgent {
 public:
  virtual ~GuestAgent() = default;
  // What is remembered of the domain's agent goes: another one may answer now. Never blocks.
  virtual void Forget(const DomainId& id) = 0;
  virtual absl::Status Ping(const DomainId& id, const Call& call) = 0;
  virtual absl::StatusOr<GuestAgentAbilities> Abilities(const DomainId& id, const Call& call) = 0;
  virtual absl::StatusOr<GuestOs> Os(const DomainId& id, const Call& call) = 0;
  virtual absl::StatusOr<std::string> HostName(const DomainId& id, const Call& call) = 0;
  virtual absl::StatusOr<GuestAddresses> Addresses(const DomainId& id, const Call& call) = 0;
  virtual absl::StatusOr<absl::Time> Time(const DomainId& id, const Call& call) = 0;
  virtual absl::Status SetTime(const DomainId& id, absl::Time time, const Call& call) = 0;

  // Starts a program; the guest's pid. It cannot be stopped. kNotFound: no such program. kTooLarge:
  // more than 128 KiB in all, its input in base64.
  virtual absl::StatusOr<int64_t> Start(const DomainId& id, const GuestCommand& command,
                                        const Call& call) = 0;
  // One look at that program: nothing while it runs. The answer comes once: kResultLost when it was
  // fetched before.
  virtual absl::StatusOr<std::optional<GuestExit>> Poll(const DomainId& id, int64_t pid,
                                                        const Call& call) = 0;
  // Waits for that program's end, polling from 50 ms doubling to 1 s. `progress` (may be empty) is
  // called before each poll.
  virtual absl::StatusOr<GuestExit> Await(const DomainId& id, int64_t pid,
                                          const std::function<void()>& progress,
                                          const Call& call) = 0;
  // The whole file; read twice in size and content checks so that a file written meanwhile is
  // ABORTED, not torn. Larger than max_bytes (<= kFileCap): RESOURCE_EXHAUSTED.
  virtual absl::StatusOr<std::string> ReadFile(const DomainId& id, const std::string& path,
                                               size_t max_bytes, const Call& call) = 0;
};

}  // namespace innkeeper
