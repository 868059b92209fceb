// `ipa setup` and `ipa check` at a real FreeIPA, for both kinds of account.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "coordinator/ipa/check.h"
#include "coordinator/ipa/kerberos_tickets.h"
#include "coordinator/ipa/setup.h"
#include "coordinator/ipa/testing/real_ipa.h"

namespace innkeeper {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Before any thread: Kerberos reads its environment when it likes.
class KerberosEnvironment : public testing::Environment {
 public:
  void SetUp() override {
    const absl::StatusOr<RealIpaPlace> place = RealIpaPlace::FromEnvironment();
    ASSERT_TRUE(place.ok()) << ToText(place.status());
    ASSERT_TRUE(PrepareKerberos(scratch_.path(), place->realm, place->domain).ok());
  }

 private:
  ScratchFolder scratch_;
};
const testing::Environment* const kKerberos =
    testing::AddGlobalTestEnvironment(new KerberosEnvironment);

class SetupRealTest : public testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<std::unique_ptr<RealIpaAdmin>> admin = RealIpaAdmin::Connect();
    ASSERT_TRUE(admin.ok()) << ToText(admin.status());
    admin_ = *std::move(admin);
    const std::string id = RandomHex(4);
    options_.cluster = ClusterId{"setup-" + id};
    options_.host_groups = {"group-" + id};
    options_.coordinator_host = "centre-" + id + "." + admin_->place().domain;
    options_.realm = admin_->place().realm;
    options_.secret_file = scratch_.path() + "/secret";
  }
  void TearDown() override {
    if (admin_) admin_->RemoveSetup(options_);
  }

  static Call InTime() { return Call::Within(std::chrono::seconds(90)); }

  IpaSetup MakeSetup() {
    return IpaSetup(
        admin_->connection().dispatcher(),
        [this](const std::string& principal, const std::string& path, const Call& call) {
          return admin_->connection().MakeKeytab(principal, path, call);
        },
        clock_, options_);
  }
  std::vector<SetupStep> Plan() {
    absl::StatusOr<std::vector<SetupStep>> plan = MakeSetup().Plan(InTime());
    EXPECT_TRUE(plan.ok()) << ToText(plan.status());
    return plan.ok() ? *std::move(plan) : std::vector<SetupStep>{};
  }
  void Apply() {
    const absl::Status done = MakeSetup().Apply([](const SetupStep&) {}, InTime());
    ASSERT_TRUE(done.ok()) << ToText(done);
  }
  IpaOptions AccountOptions() const {
    IpaOptions options = admin_->place().AsNobody();
    if (options_.account == AccountKind::kUser) {
      options.user = AccountName(options_);
      options.password = ReadSecretFile(options_.secret_file);
    } else {
      options.principal = AccountName(options_);
      options.keytab = options_.secret_file;
    }
    return options;
  }
  std::vector<RightCheck> Check() {
    SystemRandom random;
    prometheus::Registry registry, other_registry;
    auto client = MakeIpaClient(AccountOptions(), clock_, random, registry);
    EXPECT_TRUE(client.ok()) << ToText(client.status());
    auto account = IpaConnection::Open(AccountOptions(), clock_, random, other_registry, InTime());
    EXPECT_TRUE(account.ok()) << ToText(account.status());
    const CheckOptions what{options_.cluster, admin_->place().domain, (*account)->server(),
                            options_.host_groups};
    auto lines = CheckRights(**client, (*account)->dispatcher(), what, InTime());
    EXPECT_TRUE(lines.ok()) << ToText(lines.status());
    return lines.ok() ? *std::move(lines) : std::vector<RightCheck>{};
  }
  static std::string Failures(const std::vector<RightCheck>& lines) {
    std::string text;
    for (const RightCheck& line : lines) {
      if (line.result != RightCheck::Result::kGood) text += line.what + ": " + line.detail + "\n";
    }
    return text;
  }

  RealClock clock_;
  ScratchFolder scratch_;
  SetupOptions options_;
  std::unique_ptr<RealIpaAdmin> admin_;
};

TEST_F(SetupRealTest, PlansFirstThenMakesAServiceWithAKeytabThatSuffices) {
  EXPECT_THAT(Plan(), Each(Field(&SetupStep::kind, SetupStep::Kind::kCreate)));
  EXPECT_THAT(Plan(), Each(Field(&SetupStep::kind, SetupStep::Kind::kCreate)))
      << "planning changes nothing";
  Apply();
  EXPECT_THAT(Plan(), Each(Field(&SetupStep::kind, SetupStep::Kind::kExists)));
  struct stat facts {};
  ASSERT_EQ(stat(options_.secret_file.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
  const std::vector<RightCheck> lines = Check();
  EXPECT_THAT(Failures(lines), IsEmpty());
  EXPECT_GE(lines.size(), 10u);
}

TEST_F(SetupRealTest, MakesAUserWithAPasswordThatSufficesAndIsNotExpired) {
  options_.account = AccountKind::kUser;
  Apply();
  EXPECT_THAT(Plan(), Each(Field(&SetupStep::kind, SetupStep::Kind::kExists)));
  EXPECT_THAT(Failures(Check()), IsEmpty());
}

TEST_F(SetupRealTest, GivesANewPasswordWhenTheFileWasLost) {
  options_.account = AccountKind::kUser;
  Apply();
  ASSERT_EQ(unlink(options_.secret_file.c_str()), 0);
  EXPECT_THAT(Plan(), Contains(AllOf(Field(&SetupStep::kind, SetupStep::Kind::kChange),
                                     Field(&SetupStep::what, HasSubstr("user ")))));
  Apply();
  EXPECT_THAT(Failures(Check()), IsEmpty());
}

TEST_F(SetupRealTest, RepairsAPermissionThatSomebodyWidened) {
  options_.account = AccountKind::kUser;
  Apply();
  const std::string name = RoleName(options_) + " delete hosts";
  ASSERT_TRUE(
      admin_
          ->Run("permission_mod", {name},
                {{"extratargetfilter", std::vector<std::string>{"(userclass=innkeeper:*)"}}})
          .ok());
  EXPECT_THAT(Failures(Check()), HasSubstr("may not delete a host that is not marked"));
  Apply();
  EXPECT_THAT(Failures(Check()), IsEmpty());
}

TEST_F(SetupRealTest, NamesEachRightThatIsMissing) {
  options_.account = AccountKind::kUser;
  Apply();
  const std::vector<std::string> change{RoleName(options_) + " change hosts"};
  ASSERT_TRUE(
      admin_->Run("privilege_remove_permission", {RoleName(options_)}, {{"permission", change}})
          .ok());
  const std::string failures = Failures(Check());
  EXPECT_THAT(failures, HasSubstr("new one-time password"));
  EXPECT_THAT(failures, HasSubstr("mark a host for deletion"));
  EXPECT_THAT(failures, Not(HasSubstr("may create a host")));
  EXPECT_THAT(failures, HasSubstr("by hand")) << "the temporary host could not be removed";
  // So do it, as the person whom that line tells.
  const std::string before = "; remove ";
  ASSERT_THAT(failures, HasSubstr(before));
  const size_t at = failures.find(before) + before.size();
  const std::string left = failures.substr(at, failures.find(" by hand", at) - at);
  EXPECT_TRUE(admin_->Run("host_del", {std::vector<std::string>{left}}, {}).ok());
}

TEST_F(SetupRealTest, RefusesAUserNameThatBelongsToSomebodyElse) {
  options_.account = AccountKind::kUser;
  options_.user = "admin";
  const absl::StatusOr<std::vector<SetupStep>> plan = MakeSetup().Plan(InTime());
  EXPECT_TRUE(absl::IsFailedPrecondition(plan.status())) << ToText(plan.status());
  options_.user.clear();  // TearDown must not delete admin
}

}  // namespace
}  // namespace innkeeper
