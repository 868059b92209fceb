#pragma once
// GuestAgent over a Hypervisor: one raw agent command per step, replies decoded by qga_messages.
//
// Abilities are asked anew each time; what a guest allowed when last seen thawed is remembered,
// because a frozen guest calls everything disabled. Whoever hears that a guest's agent
// (dis)connected or that the domain is gone calls Forget.

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"
#include "vm/guest_agent/guest_agent.h"
#include "vm/hypervisor.h"

namespace innkeeper {

// Thread-safe as GuestAgent says: one caller per domain at a time. No thread of its own.
class QgaClient final : public GuestAgent {
 public:
  explicit QgaClient(Hypervisor& hypervisor) : hypervisor_(hypervisor) {}

  absl::Status Ping(const DomainId& id, const Call& call) override;
  absl::StatusOr<GuestAgentAbilities> Abilities(const DomainId& id, const Call& call) override;
  absl::StatusOr<GuestOs> Os(const DomainId& id, const Call& call) override;
  absl::StatusOr<std::string> HostName(const DomainId& id, const Call& call) override;
  absl::StatusOr<GuestAddresses> Addresses(const DomainId& id, const Call& call) override;
  absl::StatusOr<absl::Time> Time(const DomainId& id, const Call& call) override;
  absl::Status SetTime(const DomainId& id, absl::Time time, const Call& call) override;
  absl::StatusOr<int64_t> Start(const DomainId& id, const GuestCommand& command,
                                const Call& call) override;
  absl::StatusOr<std::optional<GuestExit>> Poll(const DomainId& id, int64_t pid,
                                                const Call& call) override;
  absl::StatusOr<GuestExit> Await(const DomainId& id, int64_t pid,
                                  const std::function<void()>& progress, const Call& call) override;
  absl::StatusOr<std::string> ReadFile(const DomainId& id, const std::string& path,
                                       size_t max_bytes, const Call& call) override;

  // What is remembered of the domain's agent goes. Never blocks.
  void Forget(const DomainId& id) override;

 private:
  absl::StatusOr<std::string> Ask(const DomainId& id, const std::string& request, const Call& call);
  absl::StatusOr<std::string> AskPlain(const DomainId& id, const char* command, const Call& call);
  absl::StatusOr<std::string> ReadTwice(const DomainId& id, int64_t handle, size_t max_bytes,
                                        const Call& call);
  absl::StatusOr<std::string> ReadOnce(const DomainId& id, int64_t handle, size_t max_bytes,
                                       const Call& call);
  void Close(const DomainId& id, int64_t handle, const Call& call);

  Hypervisor& hypervisor_;
  Guarded<std::map<DomainId, GuestAgentAbilities>> remembered_;
};

}  // namespace innkeeper
