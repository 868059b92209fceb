#include "vm/testing/fake_guest_agent.h"

#include "base/log.h"

namespace innkeeper {
namespace {

absl::Status NotEnabled(bool enabled) {
  return enabled ? absl::OkStatus() : AgentError(AgentFailure::kBlocked, "disabled");
}

}  // namespace

absl::StatusOr<FakeGuestAgent::Slot*> FakeGuestAgent::Enter(const DomainId& id, const Call& call,
                                                            std::unique_lock<std::mutex>& lock) {
  RETURN_IF_ERROR(call.Check("guest agent"));
  const auto frozen = [&] { return slots_.contains(id) && slots_.at(id).frozen; };
  if (!changed_.wait_until(lock, call.stop, call.deadline, [&] { return !frozen(); })) {
    return call.Check("guest agent");
  }
  const auto found = slots_.find(id);
  if (found == slots_.end()) return AgentError(AgentFailure::kDomainGone, id.uuid);
  if (found->second.guest.failure != AgentFailure::kNone) {
    return AgentError(found->second.guest.failure, "");
  }
  return &found->second;
}

absl::Status FakeGuestAgent::Ping(const DomainId& id, const Call& call) {
  std::unique_lock lock(mutex_);
  return Enter(id, call, lock).status();
}

absl::StatusOr<GuestAgentAbilities> FakeGuestAgent::Abilities(const DomainId& id,
                                                              const Call& call) {
  std::unique_lock lock(mutex_);
  ASSIGN_OR_RETURN(const Slot* slot, Enter(id, call, lock));
  return slot->guest.abilities;
}

absl::StatusOr<GuestOs> FakeGuestAgent::Os(const DomainId& id, const Call& call) {
  std::unique_lock lock(mutex_);
  ASSIGN_OR_RETURN(const Slot* slot, Enter(id, call, lock));
  return slot->guest.os;
}

absl::StatusOr<std::string> FakeGuestAgent::HostName(const DomainId& id, const Call& call) {
  std::unique_lock lock(mutex_);
  ASSIGN_OR_RETURN(const Slot* slot, Enter(id, call, lock));
  return slot->guest.host_name;
}

absl::StatusOr<GuestAddresses> FakeGuestAgent::Addresses(const DomainId& id, const Call& call) {
  std::unique_lock lock(mutex_);
  ASSIGN_OR_RETURN(const Slot* slot, Enter(id, call, lock));
  return slot->guest.addresses;
}

absl::StatusOr<absl::Time> FakeGuestAgent::Time(const DomainId& id, const Call& call) {
  std::unique_lock lock(mutex_);
  ASSIGN_OR_RETURN(const Slot* slot, Enter(id, call, lock));
  return absl::Now() + slot->guest.clock_error;
}

absl::Status FakeGuestAgent::SetTime(const DomainId& id, absl::Time time, const Call& call) {
  std::unique_lock lock(mutex_);
  ASSIGN_OR_RETURN(Slot * slot, Enter(id, call, lock));
  RETURN_IF_ERROR(NotEnabled(slot->guest.abilities.set_time));
  slot->guest.clock_error = time - absl::Now();
  return absl::OkStatus();
}

absl::StatusOr<int64_t> FakeGuestAgent::Start(const DomainId& id, const GuestCommand& command,
                                              const Call& call) {
  std::function<absl::StatusOr<GuestExit>(const GuestCommand&)> run;
  {
    std::unique_lock lock(mutex_);
    ASSIGN_OR_RETURN(const Slot* slot, Enter(id, call, lock));
    RETURN_IF_ERROR(NotEnabled(slot->guest.abilities.exec));
    run = slot->guest.run;
  }
  if (!run) return AgentError(AgentFailure::kNotFound, command.path);
  ASSIGN_OR_RETURN(GuestExit exit, run(command));  // unlocked: it may change its own guest
  std::unique_lock lock(mutex_);
  ASSIGN_OR_RETURN(Slot * slot, Enter(id, call, lock));
  const int64_t pid = slot->next_pid++;
  slot->programs[pid] = {std::move(exit), slot->guest.polls_until_exit};
  return pid;
}

absl::StatusOr<std::optional<GuestExit>> FakeGuestAgent::Poll(const DomainId& id, int64_t pid,
                                                              const Call& call) {
  std::unique_lock lock(mutex_);
  ASSIGN_OR_RETURN(Slot * slot, Enter(id, call, lock));
  const auto program = slot->programs.find(pid);
  if (program == slot->programs.end()) {
    return AgentError(AgentFailure::kResultLost, "Invalid parameter 'pid'");
  }
  if (program->second.polls_left-- > 0) return std::nullopt;
  GuestExit exit = std::move(program->second.exit);
  slot->programs.erase(program);
  return exit;
}

absl::StatusOr<GuestExit> FakeGuestAgent::Await(const DomainId& id, int64_t pid,
                                                const std::function<void()>& progress,
                                                const Call& call) {
  while (true) {
    RETURN_IF_ERROR(call.Check("waiting for a program in the guest"));
    if (progress) progress();
    ASSIGN_OR_RETURN(std::optional<GuestExit> exit, Poll(id, pid, call));
    if (exit.has_value()) return *std::move(exit);
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, call.stop,
                        std::chrono::steady_clock::now() + std::chrono::milliseconds(5),
                        [] { return false; });
  }
}

absl::StatusOr<std::string> FakeGuestAgent::ReadFile(const DomainId& id, const std::string& path,
                                                     size_t max_bytes, const Call& call) {
  if (max_bytes > kFileCap) return absl::InvalidArgumentError("max_bytes exceeds kFileCap");
  std::unique_lock lock(mutex_);
  ASSIGN_OR_RETURN(const Slot* slot, Enter(id, call, lock));
  RETURN_IF_ERROR(NotEnabled(slot->guest.abilities.file_read));
  const auto file = slot->guest.files.find(path);
  if (file == slot->guest.files.end()) return AgentError(AgentFailure::kNotFound, path);
  if (file->second.size() > max_bytes) return AgentError(AgentFailure::kTooLarge, path);
  return file->second;
}

void FakeGuestAgent::Add(const DomainId& id, FakeGuest guest) {
  std::scoped_lock lock(mutex_);
  slots_[id] = Slot{.guest = std::move(guest)};
}

void FakeGuestAgent::With(const DomainId& id, const std::function<void(FakeGuest&)>& change) {
  {
    std::scoped_lock lock(mutex_);
    IK_CHECK(slots_.contains(id));
    change(slots_.at(id).guest);
  }
  changed_.notify_all();
}

void FakeGuestAgent::LoseResults(const DomainId& id) {
  std::scoped_lock lock(mutex_);
  slots_.at(id).programs.clear();
}

void FakeGuestAgent::Freeze(const DomainId& id) {
  std::scoped_lock lock(mutex_);
  slots_.at(id).frozen = true;
}

void FakeGuestAgent::Thaw(const DomainId& id) {
  {
    std::scoped_lock lock(mutex_);
    slots_.at(id).frozen = false;
  }
  changed_.notify_all();
}

}  // namespace innkeeper
