// The contract of IpaClient on the fake, and the bad days only the fake can order.

#include "coordinator/guests/testing/fake_ipa_client.h"

#include "base/testing/fake_clock.h"
#include "coordinator/guests/testing/ipa_client_contract.h"

namespace innkeeper {
namespace {

class FakeIpaWorld final : public IpaWorld {
 public:
  FakeIpaWorld() { fake_.PutHostGroup("guests"); }
  IpaClient& client() override { return fake_; }
  ClusterId cluster() override { return ClusterId{"c1"}; }
  std::string domain() override { return "example.test"; }
  std::string host_group() override { return "guests"; }
  absl::Status Join(const Fqdn& fqdn, const IssuedPassword& password) override {
    return fake_.Join(fqdn, password.password);
  }
  absl::Status PutForeignHost(const Fqdn& fqdn, const std::string& user_class) override {
    HostRecord host;
    host.fqdn = fqdn;
    host.user_classes = {user_class};
    fake_.PutHost(host);
    return absl::OkStatus();
  }
  absl::Status PutDescribedHost(const Fqdn& fqdn, const std::string& description) override {
    HostRecord host;
    host.fqdn = fqdn;
    host.description = description;
    host.has_password = true;
    fake_.PutHost(host);
    return absl::OkStatus();
  }
  absl::Status GrantClaims(bool granted) override {
    fake_.GrantClaims(granted);
    return absl::OkStatus();
  }
  absl::Status RemoveHost(const Fqdn& fqdn) override {
    fake_.EraseHost(fqdn);
    return absl::OkStatus();
  }

 private:
  FakeClock clock_;
  FakeIpaClient fake_{ClusterId{"c1"}, clock_};
};

INSTANTIATE_TEST_SUITE_P(Fake, IpaClientContract,
                         testing::Values([] { return std::make_unique<FakeIpaWorld>(); }));

class FakeIpaClientTest : public testing::Test {
 protected:
  static Call InTime() { return Call::Within(std::chrono::seconds(10)); }
  static NewHost Host() {
    NewHost host;
    host.fqdn = Fqdn{"web.example.test"};
    host.owner = OwnerTag{ClusterId{"c1"}, {"lab", "web"}, VmUid{"uid-1"}, std::nullopt};
    host.password = PasswordWish::kRandom;
    return host;
  }
  FakeClock clock_;
  FakeIpaClient fake_{ClusterId{"c1"}, clock_};
};

TEST_F(FakeIpaClientTest, LosesAnAnswerButNotTheWrite) {
  fake_.LoseNextAnswer();
  const absl::StatusOr<IssuedPassword> added = fake_.AddHost(Host(), InTime());
  EXPECT_TRUE(absl::IsUnavailable(added.status()));
  EXPECT_TRUE(OutcomeUnknown(added.status()));
  EXPECT_TRUE(fake_.Find(Host().fqdn).has_value());
  EXPECT_TRUE(absl::IsAlreadyExists(fake_.AddHost(Host(), InTime()).status()));
}

TEST_F(FakeIpaClientTest, CarriesOutADelayedWriteLater) {
  fake_.DelayNextWrite();
  EXPECT_TRUE(OutcomeUnknown(fake_.AddHost(Host(), InTime()).status()));
  EXPECT_FALSE(fake_.Find(Host().fqdn).has_value());
  fake_.DeliverLateWrites();
  EXPECT_TRUE(fake_.Find(Host().fqdn).has_value());
}

TEST_F(FakeIpaClientTest, FailsEverythingDuringAnOutageAndDoesNothing) {
  fake_.FailAll(absl::UnavailableError("FreeIPA is down"));
  EXPECT_TRUE(absl::IsUnavailable(fake_.AddHost(Host(), InTime()).status()));
  EXPECT_TRUE(absl::IsUnavailable(fake_.Facts(InTime()).status()));
  fake_.FailAll(absl::OkStatus());
  EXPECT_EQ(fake_.host_count(), 0u);
  EXPECT_TRUE(fake_.Facts(InTime()).ok());
}

TEST_F(FakeIpaClientTest, FailsOnlyTheNextWriteWhenAskedTo) {
  fake_.FailNext(absl::PermissionDeniedError("a right is missing"), FakeIpaClient::Which::kWrites);
  EXPECT_TRUE(fake_.Facts(InTime()).ok());
  EXPECT_TRUE(absl::IsPermissionDenied(fake_.AddHost(Host(), InTime()).status()));
  EXPECT_TRUE(fake_.AddHost(Host(), InTime()).ok());
}

TEST_F(FakeIpaClientTest, MatchesTagsWhateverTheirCaseAsTheDirectoryDoes) {
  HostRecord host;
  host.fqdn = Host().fqdn;
  host.user_classes = {"INNKEEPER:C1:Deleting:x"};
  fake_.PutHost(host);
  EXPECT_TRUE(fake_.DeleteHost(host.fqdn, InTime()).ok());
}

}  // namespace
}  // namespace innkeeper
