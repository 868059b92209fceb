#pragma once
// `innkeeper-coordinator ipa setup`: what is there, what is missing, and making it so. Idempotent;
// never takes anything away.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/call.h"
#include "base/clock.h"
#include "coordinator/ipa/directory_wishes.h"
#include "coordinator/ipa/dispatcher.h"
#include "coordinator/ipa/setup_options.h"

namespace innkeeper {

struct SetupStep {
  enum class Kind { kExists, kCreate, kChange } kind = Kind::kExists;
  std::string what;  // "role Innkeeper c1"
  std::string why;   // of a change
};
// "will create  role Innkeeper c1"
std::string StepText(const SetupStep& step);

// Makes new keys of a principal and puts them into a keytab, as an administrator.
using KeytabMaker = std::function<absl::Status(const std::string& principal,
                                               const std::string& path, const Call& call)>;

class IpaSetup {
 public:
  // `admin` is logged in as somebody who may do all this. All outlive the object.
  IpaSetup(IpaDispatcher& admin, KeytabMaker make_keytab, const Clock& clock, SetupOptions options);

  // What Apply would do; changes nothing. Errors: INVALID_ARGUMENT for the options, else as
  // IpaClient. FAILED_PRECONDITION: the account's name belongs to somebody else. Blocks.
  absl::StatusOr<std::vector<SetupStep>> Plan(const Call& call);

  // Does it, telling each step that was done. The first failure ends it; running it again goes on
  // from there. Blocks.
  absl::Status Apply(const std::function<void(const SetupStep&)>& done, const Call& call);

 private:
  using Told = std::function<void(const SetupStep&)>;
  enum class Mode { kLook, kDo };
  absl::Status Run(Mode mode, const Told& told, const Call& call);
  absl::Status Fulfil(const DirectoryWish& wish, Mode mode, const Told& told, const Call& call);
  absl::Status EnsureUser(Mode mode, const Told& told, const Call& call);
  absl::Status EnsureKeytab(Mode mode, const Told& told, const Call& call);
  absl::StatusOr<std::optional<IpaEntry>> Show(const IpaCommand& command, const Call& call);
  absl::StatusOr<IpaAnswer> Do(absl::StatusOr<IpaCommand> command, const Call& call);
  absl::StatusOr<SetupStep> UserStep(const Call& call);
  absl::Status GivePassword(SetupStep::Kind kind, const Call& call);

  IpaDispatcher& admin_;
  const KeytabMaker make_keytab_;
  const Clock& clock_;
  const SetupOptions options_;
};

}  // namespace innkeeper
