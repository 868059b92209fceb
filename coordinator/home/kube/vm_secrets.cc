#include "coordinator/home/kube/vm_secrets.h"

namespace innkeeper {
namespace {

KubePath PathOf(const BootVm& vm, const std::string& name) {
  return {{"", "v1", "secrets"}, vm.key.space, name};
}

}  // namespace

// An update without a resourceVersion, which Secrets allow: nothing is lost by it, the content is
// all ours. Somebody may delete it or make it in between: each is tried once more.
absl::Status VmSecrets::Overwrite(const KubePath& path, const std::string& secret,
                                  const Call& call) {
  absl::Status written;
  for (int tries = 0; tries < 2; ++tries) {
    written = client_.Replace(path, secret, {}, call).status();
    if (!absl::IsNotFound(written)) return written;
    written = client_.Create(path, secret, {}, call).status();
    if (!absl::IsAlreadyExists(written)) return written;
  }
  return absl::UnavailableError("somebody makes and deletes Secret " + path.ns + "/" + path.name);
}

absl::StatusOr<bool> VmSecrets::Make(const KubePath& path, const std::string& secret,
                                     const Call& call) {
  const absl::Status made = client_.Create(path, secret, {}, call).status();
  if (absl::IsAlreadyExists(made)) return false;
  RETURN_IF_ERROR(made);
  return true;
}

absl::Status VmSecrets::Load(const JoinJob& job, const Call& call) {
  const std::optional<BootVm> vm = find_(job.uid);
  if (!vm) return absl::UnavailableError("no VM " + job.uid.text + " carries a disk of ours");
  const Secret secret = LoadedDiskSecret(*vm, job, facts_());
  std::string text(secret.Reveal());
  const absl::Status written = Overwrite(PathOf(*vm, vm->secrets.join), text, call);
  WipeString(text);
  return written;
}

absl::Status VmSecrets::Clear(const VmUid& uid, bool enrolled, const Call& call) {
  const std::optional<BootVm> vm = find_(uid);
  if (!vm) return absl::OkStatus();  // its Secret goes with it
  const IdleDisk state = enrolled ? IdleDisk::kEnrolled : IdleDisk::kPending;
  return Overwrite(PathOf(*vm, vm->secrets.join), IdleDiskSecret(*vm, state), call);
}

absl::StatusOr<bool> VmSecrets::EnsureDisk(const VmUid& uid, const Call& call) {
  const std::optional<BootVm> vm = find_(uid);
  if (!vm) return false;
  return Make(PathOf(*vm, vm->secrets.join), IdleDiskSecret(*vm, IdleDisk::kPending), call);
}

absl::StatusOr<bool> VmSecrets::EnsureUserData(const VmUid& uid, std::string_view user,
                                               const Call& call) {
  const std::optional<BootVm> vm = find_(uid);
  if (!vm || vm->secrets.user_data.empty()) return false;
  return Make(PathOf(*vm, vm->secrets.user_data), UserDataSecret(*vm, user), call);
}

}  // namespace innkeeper
