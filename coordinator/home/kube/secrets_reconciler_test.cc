#include "coordinator/home/kube/secrets_reconciler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "base/testing/fake_clock.h"
#include "base/testing/fake_random.h"
#include "coordinator/admission/prepared_record.h"
#include "coordinator/admission/user_data/compose.h"
#include "coordinator/admission/vm_decode.h"
#include "coordinator/guests/testing/fake_guest_store.h"
#include "coordinator/guests/testing/fake_home.h"
#include "coordinator/kube/testing/fake_kube_client.h"

namespace innkeeper {
namespace {

using Json = nlohmann::json;

const KubeKind kSecrets{"", "v1", "secrets"}, kVms{"kubevirt.io", "v1", "virtualmachines"};
constexpr char kDisk[] = "web-innkeeper", kUserData[] = "web-innkeeper-user-data";

Call Soon() { return Call::Within(std::chrono::seconds(10)); }

// The policy's part in this.
absl::Status Judge(Json& secret) {
  if (secret["metadata"]["name"] != "innkeeper-policy-trial") return absl::OkStatus();
  return absl::InvalidArgumentError("ValidatingAdmissionPolicy 'innkeeper-secrets' denied");
}

class SecretsReconcilerTest : public testing::Test {
 protected:
  // A VM as the webhook leaves it, that had its user-data in this field; "": it had none.
  void Apply(const std::string& field, const std::string& value) {
    PreparedRecord record{SecretNamesOf("web"), {}};
    if (field == "userData") record.original.text = value;
    if (field == "userDataBase64") record.original.base64 = value;
    if (field == "secretRef") record.original.secret = value;
    Json vm = Json::parse(R"({"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine",
        "metadata":{"namespace":"lab","name":"web"},
        "spec":{"template":{"spec":{"domain":{"devices":{}},"volumes":[
          {"name":"innkeeper","secret":{"secretName":"web-innkeeper","volumeLabel":"INNKEEPER"}},
          {"name":"init","cloudInitNoCloud":{"secretRef":{"name":"web-innkeeper-user-data"}}}
        ]}}}})");
    vm["metadata"]["annotations"]["innkeeper.dev/prepared"] = record.Text();
    const KubePath path{kVms, "lab", "web"};
    absl::StatusOr<std::string> stored = kube_.Create(path, vm.dump(), {}, Soon());
    if (!stored.ok()) stored = kube_.Patch(path, KubePatch::kMerge, vm.dump(), {}, Soon());
    const VmView view = DecodeVm(*stored).value();
    uid_ = {view.uid};
    inventory_.SetVm(view);
  }
  void Run(const std::string& phase) {
    VmiView vmi;
    vmi.key = {"lab", "web"};
    vmi.uid = "vmi" + std::to_string(runs_);
    vmi.vm_uid = uid_.text;
    vmi.phase = phase;
    inventory_.SetVmi(vmi);
  }
  void Stop() { inventory_.DropVmi("vmi" + std::to_string(runs_++)); }
  void Settle(Duration passes = Duration::zero()) {
    clock_.Advance(passes);
    reconciler_.queue().Wake();
    while (reconciler_.RunOne(Soon())) {
    }
  }
  std::string File(const std::string& secret, const std::string& key) {
    const absl::StatusOr<std::string> object = kube_.Get({kSecrets, "lab", secret}, Soon());
    if (!object.ok()) return "(no Secret)";
    std::string bytes;
    EXPECT_TRUE(
        absl::Base64Unescape(Json::parse(*object)["data"].value(key, std::string()), &bytes));
    return bytes;
  }
  std::string UsersPart() {
    const absl::StatusOr<TakenApart> apart = TakeApart(File(kUserData, "userdata"));
    return apart.ok() ? apart->user : apart.status().ToString();
  }
  void Delete(const std::string& secret) {
    ASSERT_TRUE(kube_.Delete({kSecrets, "lab", secret}, {}, Soon()).ok());
  }

  FakeClock clock_;
  FakeRandom random_;
  FakeKubeServer server_{clock_,
                         {{.kind = kSecrets,
                           .name = "Secret",
                           .status = false,
                           .unconditional = true,
                           .admit = &Judge},
                          {.kind = kVms, .name = "VirtualMachine", .status = false}}};
  FakeKubeClient kube_{server_};
  KubeInventory inventory_{clock_, {}};
  FakeGuestStore guests_;
  FakeRecorder recorder_{clock_};
  FakeLeadership leadership_;
  VmSecrets secrets_{kube_, clock_,
                     [this](const VmUid& uid) -> std::optional<BootVm> {
                       const std::optional<BootState> boot = inventory_.FindBoot(uid);
                       return boot ? std::optional(boot->vm) : std::nullopt;
                     },
                     [] { return BootFacts{}; }};
  SecretsReconciler reconciler_{
      {kube_, secrets_, inventory_, guests_, recorder_, leadership_, clock_, random_}, {}};
  VmUid uid_;
  int runs_ = 0;
};

TEST_F(SecretsReconcilerTest, UserDataIsThereAtOnceAndThePasswordIsWaitedForHalfAMinute) {
  Apply("userData", "#cloud-config\n{}\n");
  Settle();
  EXPECT_EQ(UsersPart(), "#cloud-config\n{}\n");
  Settle(std::chrono::seconds(29));
  EXPECT_EQ(File(kDisk, "settings"), "(no Secret)");
  Settle(std::chrono::seconds(2));
  EXPECT_EQ(File(kDisk, "settings"), "state=pending\n");
}

TEST_F(SecretsReconcilerTest, EveryFormOfTheSourceIsRead) {
  Apply("userDataBase64", "IyEvYmluL3NoCg==");
  Settle();
  EXPECT_EQ(UsersPart(), "#!/bin/sh\n");
  ASSERT_TRUE(kube_
                  .Create({kSecrets, "lab", "mine"},
                          R"({"metadata":{"name":"mine"},"data":{"userData":"IyEvYmluL2Jhc2gK"}})",
                          {}, Soon())
                  .ok());
  Apply("secretRef", "mine");
  Settle();
  EXPECT_EQ(UsersPart(), "#!/bin/bash\n");
  Apply("", "");
  Settle();
  EXPECT_EQ(UsersPart(), "") << "there was none";
}

TEST_F(SecretsReconcilerTest, ADeletedSecretIsMadeAgainAtTheNextStart) {
  Apply("userData", "#!/bin/sh\n");
  Settle(std::chrono::minutes(1));
  Run("Running");
  Settle();
  Delete(kUserData);
  Delete(kDisk);
  Settle(std::chrono::minutes(5));
  EXPECT_EQ(File(kUserData, "userdata"), "(no Secret)") << "nobody reads it now";
  Stop();
  Run("Scheduled");
  Settle(std::chrono::minutes(1));
  EXPECT_EQ(UsersPart(), "#!/bin/sh\n");
  EXPECT_EQ(File(kDisk, "settings"), "state=pending\n");
}

TEST_F(SecretsReconcilerTest, AGuestThatCannotBeEnrolledIsNotWaitedFor) {
  Apply("userData", "#!/bin/sh\n");
  Settle();
  EXPECT_EQ(File(kDisk, "settings"), "(no Secret)");
  Guest guest;
  guest.key = {"lab", "web"};
  guest.uid = uid_;
  guest.status.phase = Phase::kConflict;
  ASSERT_TRUE(guests_.Create(guest, Soon()).ok());
  Settle();
  EXPECT_EQ(File(kDisk, "settings"), "state=pending\n");
}

TEST_F(SecretsReconcilerTest, WhatCannotBeReadIsToldAndHoldsUpNothingElse) {
  Apply("secretRef", "not-there");
  Settle(std::chrono::seconds(31));
  Settle(std::chrono::minutes(10));
  EXPECT_EQ(File(kDisk, "settings"), "state=pending\n");
  EXPECT_EQ(File(kUserData, "userdata"), "(no Secret)");
  const auto events = recorder_.List(std::nullopt, 0, 10, Soon());
  ASSERT_EQ(events->size(), 1u) << "told once";
  EXPECT_EQ(events->back().reason, Reason::kDiskNotWritten);
}

TEST_F(SecretsReconcilerTest, WhoDoesNotLeadWritesNothingUntilItDoes) {
  leadership_.leads = false;
  Apply("userData", "#!/bin/sh\n");
  Settle(std::chrono::minutes(1));
  EXPECT_EQ(server_.Count(kSecrets), 0u);
  leadership_.leads = true;
  reconciler_.LookAtAll();
  Settle();
  EXPECT_EQ(server_.Count(kSecrets), 2u);
}

}  // namespace
}  // namespace innkeeper
