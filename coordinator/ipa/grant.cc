#include "coordinator/ipa/grant.h"

#include <utility>
#include <vector>

#include "coordinator/guests/ipa_client.h"

namespace innkeeper {
namespace {

using Names = std::vector<std::string>;

}  // namespace

// Evaluated by the directory on the host as it is before the change: once tagged, no more.
std::string IpaGrant::Filter() {
  return std::string("(&(description=") + kJoinerDescription + "*)(!(userclass=innkeeper:*)))";
}

absl::StatusOr<IpaAnswer> IpaGrant::Do(absl::StatusOr<IpaCommand> command, const Call& call) {
  RETURN_IF_ERROR(command.status());
  ASSIGN_OR_RETURN(IpaAnswer answer, admin_.Run(*std::move(command), call));
  constexpr int kNothingToChange = 4202;
  if (answer.error && answer.error->code != kNothingToChange) return StatusOf(*answer.error);
  return answer;
}

absl::StatusOr<GrantState> IpaGrant::Look(const Call& call) {
  const absl::Status shown =
      Do(EncodeCommand(IpaEffect::kReads, "permission_show", {name()}, {}), call).status();
  if (absl::IsNotFound(shown)) return GrantState::kAbsent;
  RETURN_IF_ERROR(shown);
  return GrantState::kGiven;
}

absl::StatusOr<GrantState> IpaGrant::Give(const Call& call) {
  const std::string privilege = "Innkeeper " + cluster_.text;
  const absl::Status known =
      Do(EncodeCommand(IpaEffect::kReads, "privilege_show", {privilege}, {}), call).status();
  if (absl::IsNotFound(known))
    return absl::FailedPreconditionError("FreeIPA has no privilege '" + privilege +
                                         "': run `ipa setup` first");
  RETURN_IF_ERROR(known);
  ASSIGN_OR_RETURN(const GrantState before, Look(call));
  // Made anew also when it is there: somebody may have widened it.
  const bool there = before == GrantState::kGiven;
  IpaOptionMap options{{"extratargetfilter", Names{Filter()}},
                       {"ipapermright", Names{"write"}},
                       {"attrs", Names{"userclass", "description"}}};
  if (!there) options["type"] = std::string("host");
  const absl::Status made =
      Do(EncodeCommand(IpaEffect::kWrites, there ? "permission_mod" : "permission_add", {name()},
                       options),
         call)
          .status();
  RETURN_IF_ERROR(made);
  ASSIGN_OR_RETURN(const IpaAnswer added,
                   Do(EncodeCommand(IpaEffect::kWrites, "privilege_add_permission", {privilege},
                                    {{"permission", Names{name()}}}),
                      call));
  for (const IpaRefusal& refused : added.refused) {
    if (refused.reason != "This entry is already a member")
      return absl::FailedPreconditionError(refused.name + ": " + refused.reason);
  }
  return before;
}

absl::StatusOr<GrantState> IpaGrant::Withdraw(const Call& call) {
  const absl::Status gone =
      Do(EncodeCommand(IpaEffect::kWrites, "permission_del", {Names{name()}}, {}), call).status();
  if (absl::IsNotFound(gone)) return GrantState::kAbsent;
  RETURN_IF_ERROR(gone);
  return GrantState::kGiven;
}

}  // namespace innkeeper
