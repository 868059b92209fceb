#include "vm/libvirt/agent_pool.h"

#include <libvirt/libvirt-qemu.h>

#include <algorithm>

#include "vm/guest_agent/guest_agent.h"

namespace innkeeper {

absl::StatusOr<std::string> AgentPool::Command(const DomainId& id, const std::string& command,
                                               int seconds, const Call& call) {
  RETURN_IF_ERROR(Enter(call));
  Worker worker = TakeIdle(id);
  absl::StatusOr<std::string> reply = Run(worker, id, command, seconds, call);
  Leave(std::move(worker));
  return reply;
}

absl::Status AgentPool::Enter(const Call& call) {
  std::unique_lock lock(mutex_);
  left_.wait_until(lock, call.stop, call.deadline, [&] { return counts_.in_flight < most_; });
  RETURN_IF_ERROR(call.Check("waiting for a free agent connection"));
  ++counts_.in_flight;
  ++counts_.calls;
  return absl::OkStatus();
}

AgentPool::Worker AgentPool::TakeIdle(const DomainId& id) {
  std::vector<Worker> dead;  // closed outside the lock
  std::scoped_lock lock(mutex_);
  const auto lives = [](const Worker& worker) { return worker.daemon->alive(); };
  const auto first_dead = std::partition(idle_.begin(), idle_.end(), lives);
  std::move(first_dead, idle_.end(), std::back_inserter(dead));
  idle_.erase(first_dead, idle_.end());
  if (idle_.empty()) return {};
  auto chosen = std::find_if(idle_.begin(), idle_.end(),
                             [&](const Worker& worker) { return worker.domain == id; });
  if (chosen == idle_.end()) chosen = idle_.end() - 1;
  Worker worker = std::move(*chosen);
  idle_.erase(chosen);
  return worker;
}

void AgentPool::Leave(Worker worker) {
  const bool reusable = worker.daemon != nullptr && worker.daemon->alive();
  {
    std::scoped_lock lock(mutex_);
    --counts_.in_flight;
    if (reusable) idle_.push_back(std::move(worker));
  }
  left_.notify_one();
}

absl::StatusOr<std::string> AgentPool::Run(Worker& worker, const DomainId& id,
                                           const std::string& command, int seconds,
                                           const Call& call) {
  if (worker.daemon == nullptr) {
    ASSIGN_OR_RETURN(worker.daemon, DaemonConnection::Open(uri_(), DaemonConnection::Access::kWrite,
                                                           limits_, call));
    std::scoped_lock lock(mutex_);
    ++counts_.connections;
  }
  const MonotonicTime since = std::chrono::steady_clock::now();
  if (worker.domain != id || worker.handle == nullptr) {
    worker.handle.reset();  // now: freeing a handle later would clear the error of the look-up
    worker.domain = id;
    worker.handle = worker.daemon->Limited(call, [&](virConnectPtr connection) {
      return DomainHandle(virDomainLookupByUUIDString(connection, id.uuid.c_str()));
    });
    if (worker.handle == nullptr) return Failed(worker, since, seconds, call);
  }
  const CString reply = worker.daemon->Limited(call, [&](virConnectPtr) {
    return CString(virDomainQemuAgentCommand(worker.handle.get(), command.c_str(), seconds, 0));
  });
  if (reply == nullptr) return Failed(worker, since, seconds, call);
  return std::string(reply.get());
}

absl::Status AgentPool::Failed(const Worker& worker, MonotonicTime since, int seconds,
                               const Call& call) {
  absl::Status status = worker.daemon->Failure(TakeLastError(), "guest agent", call);
  if (FailureOf(status) != AgentFailure::kNone || !absl::IsDeadlineExceeded(status)) return status;
  {
    std::scoped_lock lock(mutex_);
    ++counts_.cut;
  }
  // Had it waited for as long as libvirt would: the guest's fault, not the caller's haste.
  const bool waited = std::chrono::steady_clock::now() - since >= std::chrono::seconds(seconds);
  return waited ? AgentError(AgentFailure::kUnresponsive, "cut at the deadline") : status;
}

void AgentPool::DropIdle() {
  std::vector<Worker> idle;
  std::scoped_lock lock(mutex_);
  idle.swap(idle_);
}

AgentPool::Counts AgentPool::counts() const {
  std::scoped_lock lock(mutex_);
  return counts_;
}

}  // namespace innkeeper
