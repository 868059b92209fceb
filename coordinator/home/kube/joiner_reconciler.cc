#include "coordinator/home/kube/joiner_reconciler.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/thread_name.h"

namespace innkeeper {
namespace {

// A key of the queue is a VM's uid, or this and the text of a guest that changed.
constexpr char kGuest[] = "guest:";

}  // namespace

JoinerReconciler::JoinerReconciler(Parts parts, Options options)
    : parts_(parts),
      options_(std::move(options)),
      queue_(std::make_shared<WorkQueue>(options_.retry, parts.clock, parts.random)) {
  parts_.inventory.OnChange([queue = queue_](const VmUid& uid) { queue->Add(uid.text); });
  parts_.guests.OnChange(
      [queue = queue_](const GuestKey& key) { queue->Add(kGuest + key.Text()); });
}

void JoinerReconciler::Start() {
  thread_ = std::jthread([this](std::stop_token stop) {
    NameThread("joiner-marks");
    while (const std::optional<std::string> key = queue_->Pop(stop))
      Process(*key, Call::Within(options_.request_time, stop));
  });
}

void JoinerReconciler::Stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void JoinerReconciler::LookAtAll() {
  for (const VmRecord& vm : parts_.inventory.List()) queue_->Add(vm.uid.text);
}

bool JoinerReconciler::RunOne(const Call& call) {
  const std::optional<std::string> key = queue_->TryPop();
  if (key) Process(*key, call);
  return key.has_value();
}

void JoinerReconciler::Process(const std::string& key, const Call& call) {
  Call bounded = call;
  bounded.deadline = std::min(bounded.deadline, parts_.leadership.WriteUntil());
  if (key.rfind(kGuest, 0) == 0) {
    const absl::StatusOr<GuestKey> guest = ParseGuestKey(key.substr(sizeof kGuest - 1));
    if (guest.ok()) {
      for (const VmRecord& vm : parts_.inventory.FindByKey(*guest)) queue_->Add(vm.uid.text);
    }
    return queue_->Done(key);
  }
  const absl::StatusOr<Duration> next = Reconcile({key}, bounded);
  if (next.ok()) {
    queue_->Forget(key);
    if (*next > Duration::zero()) queue_->AddAfter(key, *next);
  } else {
    LogDebug("virt-ipa-joiner's marks could not be kept", {{"vm", key}, {"err", next.status()}});
    queue_->AddRetry(key);
  }
  queue_->Done(key);
}

absl::StatusOr<Duration> JoinerReconciler::Reconcile(const VmUid& uid, const Call& call) {
  if (!parts_.leadership.Leads()) return Duration::zero();
  const std::optional<JoinerVm> vm = parts_.inventory.FindJoinerVm(uid);
  if (!vm) return Duration::zero();
  JoinerSeen seen;
  seen.vm = *vm;
  absl::StatusOr<Guest> guest = parts_.guests.GetByUid(uid, call);
  if (IsRetryable(guest.status())) return guest.status();
  seen.guest_unreadable = !guest.ok() && !absl::IsNotFound(guest.status());
  if (guest.ok()) seen.guest = *std::move(guest);
  seen.settled = parts_.inventory.Settled();
  seen.now = parts_.clock.Now();
  const JoinerStep step = PlanJoiner(seen);
  if (step.give_up_host) RETURN_IF_ERROR(GiveUpHost(*seen.guest, call));
  if (!step.change.empty()) {
    RETURN_IF_ERROR(Write(*vm, step.change, call));
    if (step.told) parts_.recorder.Record(vm->key, step.told->reason, step.told->message);
  }
  return step.again;
}

absl::Status JoinerReconciler::GiveUpHost(Guest guest, const Call& call) {
  guest.spec.enroll = Wish::kNo;
  return parts_.guests.UpdateSpec(guest, call).status();
}

absl::Status JoinerReconciler::Write(const JoinerVm& vm, const JoinerChange& change,
                                     const Call& call) {
  const KubePath path{{"kubevirt.io", "v1", "virtualmachines"}, vm.key.space, vm.key.name};
  const absl::StatusOr<std::string> object = parts_.client.Get(path, call);
  if (absl::IsNotFound(object.status())) return absl::OkStatus();
  RETURN_IF_ERROR(object.status());
  ASSIGN_OR_RETURN(const std::string patch,
                   JoinerPatch(*object, vm.uid.text, options_.finalizer, change));
  if (patch.empty()) return absl::OkStatus();
  const absl::Status written =
      parts_.client.Patch(path, KubePatch::kJson, patch, {}, call).status();
  if (absl::IsNotFound(written)) return absl::OkStatus();
  if (absl::IsPermissionDenied(written)) {
    const bool told = denied_.With([](bool& denied) { return std::exchange(denied, true); });
    if (!told)
      LogError("virt-ipa-joiner's marks may not be kept: apply the component virt-ipa-joiner",
               {{"vm", vm.key.Text()}, {"err", written}});
  }
  return written;
}

}  // namespace innkeeper
