#include "coordinator/home/kube/joiner_reconciler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/testing/fake_clock.h"
#include "base/testing/fake_random.h"
#include "coordinator/guests/guest_report.h"
#include "coordinator/guests/testing/fake_guest_store.h"
#include "coordinator/guests/testing/fake_home.h"
#include "coordinator/home/kube/mirrored_vms.h"
#include "coordinator/kube/object_meta.h"
#include "coordinator/kube/testing/fake_kube_client.h"

namespace innkeeper {
namespace {

using Json = nlohmann::json;

const KubeKind kVms{"kubevirt.io", "v1", "virtualmachines"};
const KubePath kWeb{kVms, "lab", "web"};

Call Soon() { return Call::Within(std::chrono::seconds(10)); }

class JoinerReconcilerTest : public testing::Test {
 protected:
  JoinerReconcilerTest() {
    for (const auto source : {KubeInventory::Source::kGuests, KubeInventory::Source::kVms,
                              KubeInventory::Source::kVmis})
      inventory_.Synced(source);
    clock_.Advance(std::chrono::minutes(2));
    Json vm = Json::parse(R"({"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine",
        "metadata":{"namespace":"lab","name":"web","labels":{"ipa-enroll":"true"},
          "finalizers":["kubevirt.io/virtualMachineControllerFinalize","ipa.enroll/cleanup"]},
        "spec":{"runStrategy":"Always"}})");
    EXPECT_TRUE(kube_.Create(kWeb, vm.dump(), {}, Soon()).ok());
    Mirror();
    guest_.key = {"lab", "web"};
    guest_.uid = {Now()["metadata"]["uid"].get<std::string>()};
    guest_.status.fqdn = {"web.lab.example.test"};
  }
  Json Now() {
    const absl::StatusOr<std::string> object = kube_.Get(kWeb, Soon());
    return object.ok() ? Json::parse(*object) : Json();
  }
  // As a watch does: what did not change is not told.
  void Mirror() {
    const std::string text = Now().dump();
    if (std::exchange(mirrored_text_, text) == text) return;
    const simdjson::padded_string padded(text);
    mirrored_.Upsert({}, {padded.data(), padded.size()});
  }
  void Enrol() {
    SetPhase(guest_.status, Phase::kEnrolled, clock_.Now());
    SetCondition(guest_.status, ConditionType::kEnrolled, Truth::kTrue, Reason::kEnrolled, "",
                 clock_.Now());
    SetCondition(guest_.status, ConditionType::kHostRegistered, Truth::kTrue,
                 Reason::kHostRegistered, "", clock_.Now());
    guest_ = guests_.Create(guest_, Soon()).value();
  }
  void Delete() {
    ASSERT_TRUE(kube_.Delete(kWeb, {}, Soon()).ok());
    Mirror();
  }
  void Settle(Duration passes = Duration::zero()) {
    clock_.Advance(passes);
    reconciler_.queue().Wake();
    while (reconciler_.RunOne(Soon())) {
      if (!Now().is_null()) Mirror();
    }
  }
  std::vector<Reason> Told() {
    std::vector<Reason> told;
    const auto events = recorder_.List(std::nullopt, 0, 10, Soon());
    for (const EventRecord& event : *events) told.push_back(event.reason);
    return told;
  }

  FakeClock clock_;
  FakeRandom random_;
  FakeKubeServer server_{clock_, {{.kind = kVms, .name = "VirtualMachine", .status = false}}};
  FakeKubeClient kube_{server_};
  KubeInventory inventory_{clock_, {}};
  MirroredVms mirrored_{inventory_, kJoinerFinalizer};
  FakeGuestStore guests_;
  FakeRecorder recorder_{clock_};
  FakeLeadership leadership_;
  JoinerReconciler reconciler_{
      {kube_, inventory_, guests_, recorder_, leadership_, clock_, random_}, {}};
  Guest guest_;
  std::string mirrored_text_;
};

TEST_F(JoinerReconcilerTest, TheAnnotationIsWrittenOnceAndTheGenerationStays) {
  const Json before = Now();
  Enrol();
  Settle();
  const Json after = Now();
  EXPECT_EQ(after["metadata"]["annotations"]["ipa-enroll/status"],
            "Enrolled as web.lab.example.test");
  EXPECT_EQ(after["metadata"]["generation"], before["metadata"]["generation"]);
  EXPECT_EQ(after["spec"], before["spec"]);
  const int patches = kube_.Requests(KubeVerb::kPatch);
  Settle(std::chrono::hours(1));
  reconciler_.LookAtAll();
  Settle();
  EXPECT_EQ(kube_.Requests(KubeVerb::kPatch), patches);
}

TEST_F(JoinerReconcilerTest, ADeletedVmGoesOnceItsHostIsGone) {
  Enrol();
  Settle();
  Delete();
  Settle();
  guest_ = guests_.Get(guest_.key, Soon()).value();
  EXPECT_EQ(guest_.spec.enroll, Wish::kNo);
  EXPECT_EQ(Now()["metadata"]["finalizers"].size(), 2u) << "its host is still there";
  guest_.status = ForgottenStatus(guest_.status, Reason::kOptedOut, clock_.Now());
  ASSERT_TRUE(guests_.UpdateStatus(guest_, Soon()).ok());
  Settle();
  EXPECT_EQ(Now()["metadata"]["finalizers"], Json{"kubevirt.io/virtualMachineControllerFinalize"});
  EXPECT_EQ(Told(), std::vector{Reason::kFinalizerTakenOff});
}

TEST_F(JoinerReconcilerTest, ADeadFreeIpaHoldsTheGuestAndNotTheVm) {
  Enrol();
  Delete();
  Settle();
  EXPECT_EQ(Now()["metadata"]["finalizers"].size(), 2u);
  Settle(kHostPatience + std::chrono::seconds(1));
  EXPECT_EQ(Now()["metadata"]["finalizers"].size(), 1u);
  EXPECT_TRUE(guests_.Get(guest_.key, Soon()).ok());
}

TEST_F(JoinerReconcilerTest, AConflictIsMetByLookingAnewAndAMissingRightByTryingLater) {
  Enrol();
  server_.BeforeNextWrite([&] {
    static_cast<void>(kube_.Patch(kWeb, KubePatch::kMerge,
                                  R"({"metadata":{"annotations":{"other":"1"}}})", {}, Soon()));
  });
  Settle();
  Settle(std::chrono::seconds(1));
  EXPECT_EQ(Now()["metadata"]["annotations"].size(), 2u) << Now().dump();
  kube_.Fail({.failure = absl::PermissionDeniedError("no right"), .verb = KubeVerb::kPatch});
  guest_ = guests_.Get(guest_.key, Soon()).value();
  SetPhase(guest_.status, Phase::kFailed, clock_.Now());
  SetCondition(guest_.status, ConditionType::kEnrolled, Truth::kFalse, Reason::kGuestDns, "no DNS",
               clock_.Now());
  ASSERT_TRUE(guests_.UpdateStatus(guest_, Soon()).ok());
  Settle();
  EXPECT_FALSE(Now()["metadata"]["annotations"].contains("ipa-enroll/error"));
  Settle(std::chrono::minutes(5));
  EXPECT_EQ(Now()["metadata"]["annotations"]["ipa-enroll/error"], "Failed: no DNS");
}

TEST_F(JoinerReconcilerTest, AStandbyWritesNothing) {
  leadership_.leads = false;
  Enrol();
  Delete();
  Settle(std::chrono::minutes(5));
  EXPECT_EQ(kube_.Requests(KubeVerb::kPatch), 0);
  leadership_.leads = true;
  reconciler_.LookAtAll();
  Settle();
  EXPECT_EQ(Now()["metadata"]["finalizers"].size(), 1u) << "it was held long enough";
}

}  // namespace
}  // namespace innkeeper
