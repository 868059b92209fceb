#include "coordinator/guests/testing/fake_delivery.h"

#include <utility>

namespace innkeeper {

bool FakeDelivery::IsReachable(const VmUid& uid) const {
  const std::optional<VmRecord> vm = inventory_.Find(uid);
  return vm && vm->presence == VmPresence::kPresent && vm->disputed_by.empty() &&
         vm->node_connected;
}

absl::Status FakeDelivery::Take(const VmUid& uid, Order order) {
  if (!IsReachable(uid)) return absl::UnavailableError("the node is not connected");
  auto& orders = guests_[uid].orders;
  const std::string id = order.view.id;
  if (const auto known = orders.find(id); known != orders.end()) {
    inventory_.SetJob(uid, known->second.view);
    return absl::OkStatus();
  }
  order.view.kind = order.kind;
  order.view.sent = clock_.Now();
  const JobView view = order.view;
  orders.emplace(id, std::move(order));
  inventory_.SetJob(uid, view);
  return absl::OkStatus();
}

absl::Status FakeDelivery::Join(JoinJob job, const Call& call) {
  RETURN_IF_ERROR(call.Check("order a join"));
  if (job.by_disk && !job.password.empty()) {
    RETURN_IF_ERROR(disk_refusal_);
    guests_[job.uid].disk = {job.attempt, job.fqdn, std::string(job.password.Reveal())};
    delivered_.insert(guests_[job.uid].disk.password);
    ++disk_writes_;
    return absl::OkStatus();
  }
  Order order;
  order.kind = JobKind::kJoin;
  order.fqdn = job.fqdn;
  order.view.id = job.attempt;
  if (!job.password.empty() && IsReachable(job.uid))
    delivered_.insert(std::string(job.password.Reveal()));
  order.password = std::move(job.password);
  order.adopted_pid = job.guest_pid;
  order.only_looks = job.by_disk;
  return Take(job.uid, std::move(order));
}

absl::Status FakeDelivery::ClearDisk(const VmUid& uid, bool, const Call& call) {
  RETURN_IF_ERROR(call.Check("clear a disk"));
  RETURN_IF_ERROR(disk_refusal_);
  guests_[uid].disk = {};
  ++disk_writes_;
  return absl::OkStatus();
}

void FakeDelivery::ReadDisk(const VmUid& uid) { guests_[uid].booted = guests_[uid].disk; }

absl::Status FakeDelivery::Verify(const VmUid& uid, const Fqdn& fqdn, const std::string& id,
                                  const Call& call) {
  RETURN_IF_ERROR(call.Check("order a verify"));
  Order order;
  order.kind = JobKind::kVerify;
  order.fqdn = fqdn;
  order.view.id = id;
  return Take(uid, std::move(order));
}

absl::Status FakeDelivery::Leave(const VmUid& uid, const Fqdn& fqdn, const std::string& id,
                                 const Call& call) {
  RETURN_IF_ERROR(call.Check("order a leave"));
  Order order;
  order.kind = JobKind::kLeave;
  order.fqdn = fqdn;
  order.view.id = id;
  return Take(uid, std::move(order));
}

absl::Status FakeDelivery::Inspect(const VmUid& uid, const std::string& id, const Call& call) {
  RETURN_IF_ERROR(call.Check("order an inspection"));
  Order order;
  order.view.id = id;
  return Take(uid, std::move(order));
}

void FakeDelivery::Cancel(const VmUid& uid, const std::string& order) {
  auto& orders = guests_[uid].orders;
  const auto it = orders.find(order);
  if (it == orders.end() || it->second.view.result) return;
  it->second.view.result = JobResult::kCancelled;
  inventory_.SetJob(uid, it->second.view);
}

void FakeDelivery::Acknowledge(const VmUid& uid, const std::string& order) {
  guests_[uid].orders.erase(order);
  inventory_.EraseJob(uid, order);
}

void FakeDelivery::Prove(const SimulatedGuest& guest, Order& order) {
  order.view.proof.principal = "host/" + guest.key->fqdn.text + "@EXAMPLE.TEST";
  order.view.proof.kvno = guest.key->kvno;
  order.view.proof.kinit = true;
  order.view.proof.sssd = !guest.sssd_broken;
  order.view.result = guest.sssd_broken ? JobResult::kSssd : JobResult::kOk;
}

void FakeDelivery::PerformJoin(SimulatedGuest& guest, Order& order) {
  if (guest.slow_pid > 0 && guest.running.empty() && !order.password.empty()) {
    guest.running = std::move(order.password);
    order.view.guest_pid = guest.slow_pid;
    return;
  }
  if (order.password.empty() && order.adopted_pid > 0 && order.adopted_pid == guest.slow_pid)
    order.password = std::exchange(guest.running, Secret());
  if (const auto noted = guest.noted.find(order.view.id); noted != guest.noted.end()) {
    order.view.result = noted->second.view.result;
    order.view.proof = noted->second.view.proof;
    return;
  }
  if (order.password.empty()) {
    order.view.result = JobResult::kAttemptUnknown;
    if (!order.only_looks) guest.given_up.insert(order.view.id);
    return;
  }
  if (!guest.fail.empty()) {
    order.view.result = guest.fail.front();
    guest.fail.erase(guest.fail.begin());
    return;
  }
  ++joins_;
  const absl::StatusOr<int64_t> kvno = ipa_.join(order.fqdn, order.password);
  order.password = Secret();
  if (!kvno.ok()) {
    order.view.result = JobResult::kOtpRejected;
    return;
  }
  order.view.proof.foreign_moved = guest.key && guest.key->fqdn != order.fqdn;
  guest.key = Key{order.fqdn, *kvno};
  Prove(guest, order);
  if (guest.lose.empty()) return;
  order.view.result = guest.lose.front();
  order.view.proof = {};
  guest.lose.erase(guest.lose.begin());
}

void FakeDelivery::Perform(SimulatedGuest& guest, Order& order) {
  switch (order.kind) {
    case JobKind::kJoin:
      PerformJoin(guest, order);
      return;
    case JobKind::kVerify:
      ++verifies_;
      if (!guest.key)
        order.view.result = JobResult::kNotJoined;
      else if (guest.key->fqdn != order.fqdn)
        order.view.result = JobResult::kForeignPrincipal;
      else if (!ipa_.accepts_key(guest.key->fqdn, guest.key->kvno))
        order.view.result = JobResult::kStaleKey;
      else
        Prove(guest, order);
      return;
    case JobKind::kLeave:
      ++leaves_;
      order.view.result = JobResult::kNotJoined;
      if (!guest.key || guest.key->fqdn != order.fqdn) return;
      ipa_.leave(guest.key->fqdn, guest.key->kvno);
      guest.key.reset();
      order.view.result = JobResult::kOk;
      return;
    case JobKind::kInspect:
      order.view.result = JobResult::kOk;
  }
}

bool FakeDelivery::BootJoins(SimulatedGuest& guest) {
  if (guest.booted.password.empty() || guest.boot_is_slow) return false;
  if (guest.given_up.contains(guest.booted.attempt)) return false;
  Order order;
  order.kind = JobKind::kJoin;
  order.fqdn = guest.booted.fqdn;
  order.password = Secret(std::exchange(guest.booted.password, ""));
  PerformJoin(guest, order);
  guest.noted.insert_or_assign(guest.booted.attempt, std::move(order));
  return true;
}

bool FakeDelivery::Work() {
  bool worked = false;
  for (auto& [uid, guest] : guests_) {
    const std::optional<VmRecord> vm = inventory_.Find(uid);
    if (vm && vm->run == VmRun::kRunning && BootJoins(guest)) worked = true;
    if (!IsReachable(uid) || vm->run != VmRun::kRunning || vm->agent != VmAgent::kConnected)
      continue;
    for (auto& [id, order] : guest.orders) {
      if (order.view.result || order.view.guest_pid > 0) continue;
      Perform(guest, order);
      inventory_.SetJob(uid, order.view);
      worked = true;
    }
  }
  return worked;
}

void FakeDelivery::LoseOrders(const VmUid& uid) {
  auto& orders = guests_[uid].orders;
  for (auto it = orders.begin(); it != orders.end();) {
    const bool open = !it->second.view.result;
    if (open) inventory_.EraseJob(uid, it->first);
    it = open ? orders.erase(it) : std::next(it);
  }
}

void FakeDelivery::Retell() {
  for (auto& [uid, guest] : guests_) {
    if (std::optional<VmRecord> vm = inventory_.Find(uid)) {
      vm->jobs.clear();
      for (const auto& [id, order] : guest.orders) vm->jobs[id] = order.view;
      inventory_.Set(*std::move(vm));
    }
  }
}

}  // namespace innkeeper
