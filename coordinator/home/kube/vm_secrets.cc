#include "coordinator/home/kube/vm_secrets.h"

#include "absl/strings/match.h"

namespace innkeeper {
namespace {

constexpr std::chrono::minutes kPolicyLasts{10};  // since it was last seen to refuse

KubePath PathOf(const BootVm& vm, const std::string& name) {
  return {{"", "v1", "secrets"}, vm.key.space, name};
}

// A text that held a password for the length of one request.
class Brief {
 public:
  explicit Brief(const Secret& secret) : text_(secret.Reveal()) {}
  ~Brief() { WipeString(text_); }
  Brief(const Brief&) = delete;
  Brief& operator=(const Brief&) = delete;
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

absl::Status VmSecrets::Make(const BootVm& vm, const BootSecret& secret, const Call& call) {
  const Brief object(ObjectOf(vm, secret));
  return client_.Create(PathOf(vm, secret.name), object.text(), {}, call).status();
}

// Without a resourceVersion: nothing is lost by it, the content is all ours.
absl::Status VmSecrets::Update(const BootVm& vm, const BootSecret& secret, const Call& call) {
  RETURN_IF_ERROR(CheckPolicy(vm.key.space, call));
  const Brief object(ObjectOf(vm, secret));
  return client_.Replace(PathOf(vm, secret.name), object.text(), {}, call).status();
}

// Tries what the policy must refuse: a Secret without our label.
absl::Status VmSecrets::CheckPolicy(const std::string& ns, const Call& call) {
  const MonotonicTime now = clock_.Monotonic();
  const bool fresh =
      policy_seen_.With([&](const auto& seen) { return seen && now - *seen < kPolicyLasts; });
  if (fresh) return absl::OkStatus();
  constexpr char kTrial[] = "innkeeper-policy-trial";
  const std::string object =
      std::string(R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":")") + kTrial +
      R"("},"type":"Opaque"})";
  const absl::Status tried =
      client_.Create({{"", "v1", "secrets"}, ns, kTrial}, object, {.dry_run = true}, call).status();
  const bool refused = (absl::IsInvalidArgument(tried) || absl::IsPermissionDenied(tried)) &&
                       absl::StrContains(tried.message(), "ValidatingAdmissionPolicy");
  if (refused) {
    policy_seen_.With([&](auto& seen) { seen = now; });
    return absl::OkStatus();
  }
  if (!tried.ok()) return tried;
  return absl::FailedPreconditionError(
      "ValidatingAdmissionPolicy innkeeper-secrets does not hold our account: apply "
      "deploy/coordinator; no Secret is changed until then");
}

// Somebody may delete it or make it in between: each is tried once more.
absl::Status VmSecrets::Write(const BootVm& vm, const BootSecret& secret, const Call& call) {
  for (int tries = 0; tries < 2; ++tries) {
    const absl::Status made = Make(vm, secret, call);
    if (!absl::IsAlreadyExists(made)) return made;
    const absl::Status changed = Update(vm, secret, call);
    if (!absl::IsNotFound(changed)) return changed;
  }
  return absl::UnavailableError("somebody makes and deletes Secret " + vm.key.space + "/" +
                                secret.name);
}

absl::Status VmSecrets::Load(const JoinJob& job, const Call& call) {
  const std::optional<BootVm> vm = find_(job.uid);
  if (!vm) return absl::UnavailableError("no VM " + job.uid.text + " carries a disk of ours");
  return Write(*vm, LoadedDiskSecret(*vm, job, facts_()), call);
}

absl::Status VmSecrets::Clear(const VmUid& uid, bool enrolled, const Call& call) {
  const std::optional<BootVm> vm = find_(uid);
  if (!vm) return absl::OkStatus();  // its Secret goes with it
  const IdleDisk state = enrolled ? IdleDisk::kEnrolled : IdleDisk::kPending;
  return Write(*vm, IdleDiskSecret(*vm, state), call);
}

absl::Status VmSecrets::SetUserData(const VmUid& uid, std::string_view user, const Call& call) {
  const std::optional<BootVm> vm = find_(uid);
  if (!vm || vm->secrets.user_data.empty()) return absl::OkStatus();
  return Write(*vm, UserDataSecret(*vm, user), call);
}

absl::StatusOr<bool> VmSecrets::EnsureDisk(const VmUid& uid, const Call& call) {
  const std::optional<BootVm> vm = find_(uid);
  if (!vm || vm->secrets.join.empty()) return false;
  const absl::Status made = Make(*vm, IdleDiskSecret(*vm, IdleDisk::kPending), call);
  if (absl::IsAlreadyExists(made)) return false;
  RETURN_IF_ERROR(made);
  return true;
}

}  // namespace innkeeper
