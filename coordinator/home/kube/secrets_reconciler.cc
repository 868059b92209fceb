#include "coordinator/home/kube/secrets_reconciler.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "base/log.h"
#include "base/thread_name.h"
#include "coordinator/admission/carried.h"
#include "coordinator/admission/vm_decode.h"

namespace innkeeper {
namespace {

// A key of the queue is a VM's uid, or this and the text of a guest that changed.
constexpr char kGuest[] = "guest:";

bool HasReadIt(VmRun run) {
  return run == VmRun::kRunning || run == VmRun::kPaused || run == VmRun::kUnknown;
}

}  // namespace

SecretsReconciler::SecretsReconciler(Parts parts, Options options)
    : parts_(parts),
      options_(options),
      queue_(std::make_shared<WorkQueue>(options.retry, parts.clock, parts.random)) {
  parts_.inventory.OnChange([queue = queue_](const VmUid& uid) { queue->Add(uid.text); });
  parts_.guests.OnChange(
      [queue = queue_](const GuestKey& key) { queue->Add(kGuest + key.Text()); });
}

void SecretsReconciler::Start() {
  for (size_t i = 0; i < options_.workers; ++i) {
    threads_.emplace_back([this, i](std::stop_token stop) {
      NameThread("secrets-" + std::to_string(i));
      Work(stop);
    });
  }
}

void SecretsReconciler::Stop() {
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
}

void SecretsReconciler::LookAtAll() {
  for (const VmRecord& vm : parts_.inventory.List()) queue_->Add(vm.uid.text);
}

void SecretsReconciler::Work(std::stop_token stop) {
  while (const std::optional<std::string> uid = queue_->Pop(stop))
    Process(*uid, Call::Within(options_.request_time, stop));
}

bool SecretsReconciler::RunOne(const Call& call) {
  const std::optional<std::string> uid = queue_->TryPop();
  if (uid) Process(*uid, call);
  return uid.has_value();
}

void SecretsReconciler::Process(const std::string& key, const Call& call) {
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
    LogDebug("a VM's Secrets could not be kept", {{"vm", key}, {"err", next.status()}});
    queue_->AddRetry(key);
  }
  queue_->Done(key);
}

absl::StatusOr<Duration> SecretsReconciler::Reconcile(const VmUid& uid, const Call& call) {
  const std::optional<BootState> boot = parts_.inventory.FindBoot(uid);
  if (!boot) {
    written_.With([&](auto& all) { all.erase(uid.text); });
    return Duration::zero();
  }
  if (!parts_.leadership.Leads() || HasReadIt(boot->run)) return Duration::zero();
  Written written = written_.With([&](auto& all) { return all[uid.text]; });
  const absl::Status user_data = WriteUserData(*boot, written, call);
  const absl::StatusOr<Duration> next = EnsureDisk(*boot, written, call);
  // The guest's events tell people what its launcher pod waits for.
  const bool telling = !user_data.ok() && !IsRetryable(user_data) && !absl::IsAborted(user_data);
  const std::string why = telling ? std::string(user_data.message()) : "";
  if (telling && why != written.told)
    parts_.recorder.Record(boot->vm.key, Reason::kDiskNotWritten, "user-data: " + why);
  written.told = why;
  written_.With([&](auto& all) { all[uid.text] = written; });
  RETURN_IF_ERROR(user_data);
  return next;
}

absl::Status SecretsReconciler::WriteUserData(const BootState& boot, Written& written,
                                              const Call& call) {
  if (boot.vm.secrets.user_data.empty()) return absl::OkStatus();
  const bool done =
      written.user_data && written.source == boot.source && written.user_data_run == boot.run_id;
  if (done) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::string user, ReadOriginal(boot, call));
  RETURN_IF_ERROR(parts_.secrets.SetUserData(boot.vm.uid, user, call));
  written.user_data = true;
  written.source = boot.source;
  written.user_data_run = boot.run_id;
  return absl::OkStatus();
}

absl::StatusOr<Duration> SecretsReconciler::EnsureDisk(const BootState& boot, Written& written,
                                                       const Call& call) {
  if (boot.vm.secrets.join.empty()) return Duration::zero();
  if (written.disk && written.disk_run == boot.run_id) return Duration::zero();
  const Duration waited = absl::ToChronoNanoseconds(parts_.clock.Now() - boot.since);
  if (waited < options_.pending_after && !CannotBeEnrolled(boot.vm.uid, call))
    return options_.pending_after - std::max(waited, Duration::zero());
  ASSIGN_OR_RETURN(const bool made, parts_.secrets.EnsureDisk(boot.vm.uid, call));
  if (made) LogInfo("a VM boots before it can be joined", {{"vm", boot.vm.key.Text()}});
  written.disk = true;
  written.disk_run = boot.run_id;
  return Duration::zero();
}

// Nothing but a person's doing will bring a password.
bool SecretsReconciler::CannotBeEnrolled(const VmUid& uid, const Call& call) {
  const absl::StatusOr<Guest> guest = parts_.guests.GetByUid(uid, call);
  if (!guest.ok()) return false;
  const GuestStatus& status = guest->status;
  return status.phase == Phase::kConflict || (status.setback && status.setback->final);
}

// The index keeps no user-data: it is read when it is wanted.
absl::StatusOr<std::string> SecretsReconciler::ReadOriginal(const BootState& boot,
                                                            const Call& call) {
  const GuestKey& key = boot.vm.key;
  ASSIGN_OR_RETURN(
      const std::string object,
      parts_.client.Get({{"kubevirt.io", "v1", "virtualmachines"}, key.space, key.name}, call));
  ASSIGN_OR_RETURN(const VmView vm, DecodeVm(object));
  const Carried carried = CarriedBy(vm);
  if (vm.uid != boot.vm.uid.text || carried.secrets != boot.vm.secrets)
    return absl::AbortedError("VM " + key.Text() + " changes");
  const UserDataSource& original = carried.original;
  if (original.text) return *original.text;
  if (original.secret) return ReadUsersSecret(key.space, *original.secret, call);
  std::string bytes;
  if (original.base64 && !absl::Base64Unescape(*original.base64, &bytes))
    return absl::InvalidArgumentError("the user-data of VM " + key.Text() + " is no base64");
  return bytes;
}

absl::StatusOr<std::string> SecretsReconciler::ReadUsersSecret(const std::string& ns,
                                                               const std::string& name,
                                                               const Call& call) {
  ASSIGN_OR_RETURN(const std::string object,
                   parts_.client.Get({{"", "v1", "secrets"}, ns, name}, call));
  const nlohmann::json secret = nlohmann::json::parse(object, nullptr, false);
  const std::string where = "Secret " + ns + "/" + name;
  if (!secret.is_object() || !secret.contains("data") || !secret["data"].is_object())
    return absl::FailedPreconditionError(where + " has no data");
  for (const char* file : {"userdata", "userData"}) {
    const auto found = secret["data"].find(file);
    if (found == secret["data"].end() || !found->is_string()) continue;
    std::string bytes;
    if (absl::Base64Unescape(found->get<std::string>(), &bytes)) return bytes;
  }
  return absl::FailedPreconditionError(where + " has no key userdata");
}

}  // namespace innkeeper
