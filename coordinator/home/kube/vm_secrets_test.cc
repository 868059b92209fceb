#include "coordinator/home/kube/vm_secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "base/testing/fake_clock.h"
#include "coordinator/admission/user_data/compose.h"
#include "coordinator/kube/testing/fake_kube_client.h"
#include "guest/scripts.h"

namespace innkeeper {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;
using testing::Not;

const KubeKind kSecrets{"", "v1", "secrets"};
const VmUid kWeb{"5f0c4b9e-1111-4222-8333-444455556666"};

Call Soon() { return Call::Within(std::chrono::seconds(10)); }

class VmSecretsTest : public testing::Test {
 protected:
  // The value of a key of a Secret's data, decoded; "(none)" where it is not there.
  std::string File(const std::string& secret, const std::string& key) {
    const absl::StatusOr<std::string> object = kube_.Get({kSecrets, "lab", secret}, Soon());
    if (!object.ok()) return "(no Secret)";
    const Json data = Json::parse(*object)["data"];
    std::string bytes;
    if (!data.contains(key)) return "(none)";
    EXPECT_TRUE(absl::Base64Unescape(data[key].get<std::string>(), &bytes));
    return bytes;
  }
  JoinJob Job() {
    JoinJob job{.uid = kWeb, .attempt = "join-1", .fqdn = {"web.lab.example.test"}};
    job.password = Secret("a@password@\\\"$(x)");
    job.server = "b.example.test";
    job.by_disk = true;
    return job;
  }

  FakeClock clock_;
  // The policy, as far as it can be told from the new object alone; the rest is tests/manifests'.
  absl::Status Judge(const Json& secret) const {
    if (!policy_ || secret["metadata"].contains("labels")) return absl::OkStatus();
    return absl::InvalidArgumentError("ValidatingAdmissionPolicy 'innkeeper-secrets' denied");
  }
  bool policy_ = true;
  FakeKubeServer server_{clock_,
                         {{.kind = kSecrets,
                           .name = "Secret",
                           .status = false,
                           .unconditional = true,
                           .admit = [this](Json& secret) { return Judge(secret); }}}};
  FakeKubeClient kube_{server_};
  std::optional<BootVm> vm_ = BootVm{{"lab", "web"}, kWeb, SecretNamesOf("web")};
  BootFacts facts_{"example.test", "EXAMPLE.TEST", {"a.example.test", "b.example.test"}, "CA"};
  VmSecrets secrets_{kube_, clock_, [this](const VmUid&) { return vm_; },
                     [this] { return facts_; }};
};

TEST_F(VmSecretsTest, ADiskIsLoadedWithWhatTheJoinScriptNeeds) {
  ASSERT_TRUE(secrets_.Load(Job(), Soon()).ok());
  EXPECT_EQ(File("web-innkeeper", "settings"),
            "state=ready\nattempt=join-1\nfqdn=web.lab.example.test\ndomain=example.test\n"
            "realm=EXAMPLE.TEST\nservers=b.example.test a.example.test\nca=Q0E=\ninstall=yes\n"
            "timeout=900\n");
  EXPECT_EQ(File("web-innkeeper", "join"), JoinScript());
  EXPECT_EQ(File("web-innkeeper", "password"), "a@password@\\\"$(x)\n");
}

TEST_F(VmSecretsTest, TheSecretBelongsToTheVmAndSaysWhatItIs) {
  ASSERT_TRUE(secrets_.Load(Job(), Soon()).ok());
  const Json meta = Json::parse(*kube_.Get({kSecrets, "lab", "web-innkeeper"}, Soon()))["metadata"];
  EXPECT_EQ(meta["ownerReferences"][0]["uid"], kWeb.text);
  EXPECT_EQ(meta["labels"][kSecretLabel], "join");
}

TEST_F(VmSecretsTest, WhatIsOverIsOverwrittenAndNeverDeleted) {
  ASSERT_TRUE(secrets_.Load(Job(), Soon()).ok());
  ASSERT_TRUE(secrets_.Clear(kWeb, /*enrolled=*/true, Soon()).ok());
  EXPECT_EQ(File("web-innkeeper", "settings"), "state=enrolled\n");
  EXPECT_EQ(File("web-innkeeper", "password"), "(none)");
  ASSERT_TRUE(secrets_.Clear(kWeb, /*enrolled=*/false, Soon()).ok());
  EXPECT_EQ(File("web-innkeeper", "settings"), "state=pending\n");
}

TEST_F(VmSecretsTest, WhatSomebodyDeletedIsMadeAgain) {
  ASSERT_TRUE(secrets_.Load(Job(), Soon()).ok());
  ASSERT_TRUE(kube_.Delete({kSecrets, "lab", "web-innkeeper"}, {}, Soon()).ok());
  EXPECT_TRUE(*secrets_.EnsureDisk(kWeb, Soon()));
  EXPECT_EQ(File("web-innkeeper", "settings"), "state=pending\n");
  EXPECT_FALSE(*secrets_.EnsureDisk(kWeb, Soon()));
}

TEST_F(VmSecretsTest, WhatIsThereIsNotTouchedByMakingSureOfIt) {
  ASSERT_TRUE(secrets_.Load(Job(), Soon()).ok());
  EXPECT_FALSE(*secrets_.EnsureDisk(kWeb, Soon()));
  EXPECT_THAT(File("web-innkeeper", "settings"), HasSubstr("state=ready"));
}

TEST_F(VmSecretsTest, TheUsersOwnPartStandsUnchangedBesideOurs) {
  const std::string user = "#cloud-config\nruncmd: [touch /x]\n";
  ASSERT_TRUE(secrets_.SetUserData(kWeb, "#cloud-config\n{}\n", Soon()).ok());
  ASSERT_TRUE(secrets_.SetUserData(kWeb, user, Soon()).ok());
  const absl::StatusOr<TakenApart> apart = TakeApart(File("web-innkeeper-user-data", "userdata"));
  ASSERT_TRUE(apart.ok()) << apart.status();
  EXPECT_EQ(apart->user, user);
  EXPECT_EQ(apart->hook, BootHook());
}

TEST_F(VmSecretsTest, NothingIsChangedWhereNoPolicyHoldsUsToOurOwn) {
  policy_ = false;
  ASSERT_TRUE(secrets_.Load(Job(), Soon()).ok()) << "made, not changed";
  const absl::Status changed = secrets_.Clear(kWeb, true, Soon());
  EXPECT_TRUE(absl::IsFailedPrecondition(changed));
  EXPECT_THAT(std::string(changed.message()), HasSubstr("deploy/coordinator"));
  EXPECT_THAT(File("web-innkeeper", "settings"), HasSubstr("state=ready"));
  policy_ = true;
  EXPECT_TRUE(secrets_.Clear(kWeb, true, Soon()).ok());
  policy_ = false;
  EXPECT_TRUE(secrets_.Clear(kWeb, false, Soon()).ok()) << "seen a moment ago";
  clock_.Advance(std::chrono::minutes(11));
  EXPECT_TRUE(absl::IsFailedPrecondition(secrets_.Clear(kWeb, true, Soon())));
  EXPECT_EQ(server_.Count(kSecrets), 1u) << "the trial is dry";
}

TEST_F(VmSecretsTest, AVmThatIsGoneGetsNothing) {
  vm_.reset();
  EXPECT_TRUE(absl::IsUnavailable(secrets_.Load(Job(), Soon())));
  EXPECT_TRUE(secrets_.Clear(kWeb, true, Soon()).ok());
  EXPECT_FALSE(*secrets_.EnsureDisk(kWeb, Soon()));
  EXPECT_EQ(server_.Count(kSecrets), 0u);
}

TEST_F(VmSecretsTest, ARefusedWriteIsToldAndNothingOfThePassword) {
  kube_.Fail({.failure = absl::PermissionDeniedError("denied by policy")});
  const absl::Status refused = secrets_.Load(Job(), Soon());
  EXPECT_TRUE(absl::IsPermissionDenied(refused));
  EXPECT_THAT(std::string(refused.message()), Not(HasSubstr("$(x)")));
}

}  // namespace
}  // namespace innkeeper
