#pragma once
// One libvirt daemon as the agent needs it. Implementations: libvirt/LibvirtHypervisor and
// testing/FakeHypervisor; one contract test runs on both.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/call.h"
#include "base/status.h"

namespace innkeeper {

struct DomainId {
  std::string uuid;  // lower case
  auto operator<=>(const DomainId&) const = default;
};

enum class RunState { kUnknown, kRunning, kPaused, kOff, kCrashed };
enum class AgentChannel { kUnknown, kAbsent, kDisconnected, kConnected };
enum class EnrollWish { kUnset, kYes, kNo };

// The domain's metadata element <guest xmlns="https://innkeeper.dev/domain/1" .../>.
struct DomainWish {
  EnrollWish enroll = EnrollWish::kUnset;
  std::string fqdn;
  bool kubeconfig = false;
  bool operator==(const DomainWish&) const = default;
};

// What libvirt says of one domain. Names and MACs are whatever its owner wrote: checked for size
// and UTF-8, not for truth.
struct DomainState {
  DomainId id;
  std::string name;
  RunState run_state = RunState::kUnknown;
  int run_number = -1;  // libvirt's id of this run; -1 when off
  AgentChannel channel = AgentChannel::kUnknown;
  bool persistent = true;
  std::optional<DomainWish> wish;
  std::string wish_error;         // why the element was refused; then `wish` is empty
  std::vector<std::string> macs;  // lower case
  bool operator==(const DomainState&) const = default;
};

// A domain event, as it came: copied, not judged.
struct HypervisorEvent {
  enum class Kind {
    kDefined,
    kUndefined,
    kStarted,
    kSuspended,
    kResumed,
    kStopped,
    kCrashed,
    kRebooted,
    kMigratedAway,
    kAgentConnected,
    kAgentDisconnected,
    kMetadataChanged,
    kDeviceChanged,
    kConnectionLost,  // every domain's state is now doubtful; no domain
    kConnectionBack,  // list all again; no domain
    kEventsDropped,   // the receiver was too slow: list all again; no domain
  };
  Kind kind;
  DomainId domain;
};

// Errors of the calls: UNAVAILABLE daemon lost (reconnecting goes on by itself); NOT_FOUND no such
// domain; FAILED_PRECONDITION not running; UNIMPLEMENTED not supported; PERMISSION_DENIED;
// RESOURCE_EXHAUSTED busy; DEADLINE_EXCEEDED, CANCELLED by call. Thread-safe; block unless said.
class Hypervisor {
 public:
  virtual ~Hypervisor() = default;

  // Events are handed to `sink` on libvirt's thread: it copies, enqueues and returns at once. Call
  // once, before Start.
  virtual void Subscribe(std::function<void(const HypervisorEvent&)> sink) = 0;
  // Connects in the background and keeps at it for ever (0.5 s .. 30 s, jittered). Never blocks.
  virtual absl::Status Start() = 0;
  virtual void Stop() = 0;
  virtual bool connected() const = 0;
  // "libvirt 9.0.0, QEMU 7.2.22", or empty before the first connection.
  virtual std::string version() const = 0;

  // Every domain, running or not: safe calls only, none enters a QEMU monitor.
  virtual absl::StatusOr<std::vector<DomainState>> ListDomains(const Call& call) = 0;
  // One domain anew, with its metadata and channel state.
  virtual absl::StatusOr<DomainState> ReadDomain(const DomainId& id, const Call& call) = 0;
  // The cheap repair sweep: one safe bulk call; uuid, name, run state and number only.
  virtual absl::StatusOr<std::vector<DomainState>> Sweep(const Call& call) = 0;

  // One raw guest-agent command, JSON in and out; `seconds` >= 5 is libvirt's own time limit. The
  // answer is hostile, at most 4 MiB. The caller keeps to one call per domain. Errors besides the
  // above carry a GuestAgentFailure (guest_agent/guest_agent.h).
  virtual absl::StatusOr<std::string> AgentCommand(const DomainId& id, const std::string& command,
                                                   int seconds, const Call& call) = 0;
};

}  // namespace innkeeper
