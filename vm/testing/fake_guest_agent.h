#pragma once
// Guests made by hand, one per domain, at the level of typed commands.

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "vm/guest_agent/guest_agent.h"

namespace innkeeper {

// One guest. Its programs run at once, when they are started; their results wait to be polled.
struct FakeGuest {
  GuestAgentAbilities abilities{"7.2.22", true, true, true, false};
  GuestOs os{"debian", "Debian GNU/Linux 12 (bookworm)", "12", "6.1.0-fake"};
  std::string host_name = "guest";
  GuestAddresses addresses;
  absl::Duration clock_error;  // the guest's clock minus ours
  std::map<std::string, std::string> files;
  // What a program does; empty: kNotFound.
  std::function<absl::StatusOr<GuestExit>(const GuestCommand&)> run;
  int polls_until_exit = 0;                    // answers "still running" this often
  AgentFailure failure = AgentFailure::kNone;  // of every call, unless kNone
};

// Thread-safe. A domain without a guest is kDomainGone.
class FakeGuestAgent final : public GuestAgent {
 public:
  void Forget(const DomainId&) override { ++forgotten_; }
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

  void Add(const DomainId& id, FakeGuest guest);
  int forgotten() const { return forgotten_; }  // calls of Forget
  // Changes a guest under the lock.
  void With(const DomainId& id, const std::function<void(FakeGuest&)>& change);
  // Its agent restarts: results that nobody fetched are lost.
  void LoseResults(const DomainId& id);
  // Calls block until the caller's deadline or stop, or Thaw.
  void Freeze(const DomainId& id);
  void Thaw(const DomainId& id);

 private:
  struct Program {
    GuestExit exit;
    int polls_left;
  };
  struct Slot {
    FakeGuest guest;
    std::map<int64_t, Program> programs;
    int64_t next_pid = 1000;
    bool frozen = false;
  };
  std::atomic<int> forgotten_ = 0;
  // The guest, once it may answer; `lock` holds mutex_.
  absl::StatusOr<Slot*> Enter(const DomainId& id, const Call& call,
                              std::unique_lock<std::mutex>& lock);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<DomainId, Slot> slots_;
};

}  // namespace innkeeper
