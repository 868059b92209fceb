// What happens to a VM of ours over its life: manifests applied again, edits, clones, restores,
// opt-in and opt-out, while it runs and while it is stopped.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/admission/testing/vm_builder.h"

namespace innkeeper {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class VmLife : public testing::Test {
 protected:
  json Created(const json& manifest) { return AdmitCreate(admission_, manifest).vm; }
  json Updated(const json& old, const json& vm) { return AdmitUpdate(admission_, old, vm).vm; }
  static std::string RecordOf(const json& vm) {
    return vm["metadata"]["annotations"].value("innkeeper.dev/prepared", "");
  }

  OptInSets index_;
  VmAdmission admission_{index_, AdmissionRules{}};
  const json manifest_ = LabelledVm("#cloud-config\na: 1\n");
  const json live_ = Stopped(Created(manifest_), "Running");
};

TEST_F(VmLife, AManifestAppliedAHundredTimesNeverMovesTheSpec) {
  json live = live_;
  for (int i = 0; i < 100; ++i) {
    json applied = live;
    applied["spec"] = manifest_["spec"];  // lists are replaced as a whole
    live = Updated(live, applied);
    ASSERT_EQ(live, live_);
  }
}

TEST_F(VmLife, ADiskThatSomebodyPutBehindOursKeepsItsPlace) {
  json live = live_;
  json& spec = live["spec"]["template"]["spec"];
  spec["volumes"].push_back({{"name", "later"}, {"emptyDisk", {{"capacity", "1Gi"}}}});
  spec["domain"]["devices"]["disks"].push_back({{"name", "later"}});
  json applied = live;
  json& wanted = applied["spec"]["template"]["spec"];
  wanted["volumes"].erase(2);
  wanted["domain"]["devices"]["disks"].erase(2);
  EXPECT_EQ(Updated(live, applied), live);
}

// A merge may bring the user's text beside our reference: KubeVirt would refuse both together.
TEST_F(VmLife, TextMergedBesideOurReferenceIsTakenAsTheUsers) {
  json merged = live_;
  Volume(merged, 1)["cloudInitNoCloud"]["userData"] = "#cloud-config\na: 1\n";
  EXPECT_EQ(Updated(live_, merged), live_);
}

TEST_F(VmLife, NewUserDataMovesTheAnnotationAndNotTheSpec) {
  json applied = live_;
  applied["spec"] = LabelledVm("#cloud-config\na: 2\n")["spec"];
  const json out = Updated(live_, applied);
  EXPECT_EQ(out["spec"], live_["spec"]);
  EXPECT_THAT(RecordOf(out), HasSubstr("a: 2"));
}

TEST_F(VmLife, NewUserDataThatCannotBeComposedIsTheUsersAgain) {
  json applied = live_;
  applied["spec"] = LabelledVm(R"({"ignition":{}})")["spec"];
  json running = Updated(live_, applied);
  EXPECT_EQ(Volume(running, 1)["cloudInitNoCloud"], (json{{"userData", R"({"ignition":{}})"}}));
  EXPECT_EQ(Volume(running, 2)["name"], "innkeeper");  // it runs: the disk stays
  const json stopped = Stopped(running);
  EXPECT_EQ(Updated(stopped, stopped)["spec"], LabelledVm(R"({"ignition":{}})")["spec"]);
}

TEST_F(VmLife, AnAnnotationThatSomebodyRemovedOrEditedComesBack) {
  json without = live_;
  without["metadata"]["annotations"].erase("innkeeper.dev/prepared");
  EXPECT_EQ(Updated(live_, without), live_);
  for (const char* text : {"", "nonsense", R"({"joinSecret":"web-innkeeper"})"}) {
    EXPECT_EQ(Updated(live_, Annotated(live_, "innkeeper.dev/prepared", text)), live_) << text;
  }
}

TEST_F(VmLife, OptOutWaitsUntilTheVmIsStopped) {
  const json declined = Labelled(live_, "false");
  EXPECT_EQ(Updated(live_, declined), declined);
  json applied = declined;
  applied["spec"] = manifest_["spec"];
  EXPECT_EQ(Updated(declined, applied), declined);
  const json stopped = Stopped(declined);
  EXPECT_EQ(WithoutEmpty(Updated(stopped, stopped)), Labelled(Stopped(manifest_), "false"));
}

TEST_F(VmLife, ALabelThatVanishedTakesNothingAway) {
  for (const char* status : {"Running", "Stopped"}) {
    const json old = Stopped(live_, status);
    json unlabelled = old;
    unlabelled["metadata"].erase("labels");
    EXPECT_EQ(Updated(old, unlabelled), unlabelled) << status;
    json applied = unlabelled;
    applied["spec"] = manifest_["spec"];
    EXPECT_EQ(Updated(unlabelled, applied), unlabelled) << status;
  }
}

TEST_F(VmLife, LateOptInReachesTheSpecOnceTheVmIsStopped) {
  const json plain = VmWith({{"userData", "#cloud-config\na: 1\n"}});
  for (const char* status : {"Running", "Starting", "Provisioning", "Paused", "", "Unknown"}) {
    const json old = Stopped(plain, status);
    EXPECT_EQ(Updated(old, Labelled(old)), Labelled(old)) << status;
  }
  EXPECT_EQ(Updated(plain, Labelled(plain)),
            Labelled(plain));  // no status yet: it may have started
  EXPECT_EQ(Updated(Stopped(plain), Labelled(Stopped(plain)))["spec"], live_["spec"]);
}

TEST_F(VmLife, DeliveryByAgentTakesOursOutOnceItIsStopped) {
  const json by_agent = Annotated(live_, "innkeeper.dev/delivery", "agent");
  EXPECT_EQ(Updated(live_, by_agent), by_agent);
  const json stopped = Stopped(by_agent);
  EXPECT_EQ(Updated(stopped, stopped)["spec"], manifest_["spec"]);
}

TEST_F(VmLife, ACloneGetsSecretsOfItsOwn) {
  json clone = live_;
  clone["metadata"]["name"] = "copy";
  clone.erase("status");
  json expected = manifest_;
  expected["metadata"]["name"] = "copy";
  EXPECT_EQ(Created(clone), Created(expected));
}

TEST_F(VmLife, ACloneThatIsNotAskedForDoesNotWaitForAnothersSecrets) {
  json clone = live_;
  clone["metadata"]["name"] = "copy";
  clone["metadata"].erase("labels");
  EXPECT_EQ(Created(clone)["spec"], manifest_["spec"]);
  EXPECT_EQ(Created(Labelled(clone, "false"))["spec"], manifest_["spec"]);
}

TEST_F(VmLife, ARestoreInPlaceIsNews) {
  json restored = live_;  // as the snapshot holds it
  EXPECT_EQ(Updated(Stopped(manifest_), Stopped(restored)), Stopped(live_));
}

TEST_F(VmLife, WithoutANameItsSecretsAreNamedByTheReviewAndStay) {
  json nameless = manifest_;
  nameless["metadata"].erase("name");
  nameless["metadata"]["generateName"] = "web-";
  json created = Created(nameless);
  const std::string secret = Volume(created, 2)["secret"]["secretName"];
  EXPECT_THAT(secret, testing::MatchesRegex("innkeeper-[0-9a-f]+"));
  EXPECT_EQ(Created(created), created);  // asked again, as the API server may
  created["metadata"]["name"] = "web-x7k2p";
  for (const char* status : {"Running", "Stopped"}) {
    const json live = Stopped(created, status);
    EXPECT_EQ(Updated(live, live), live) << status;
  }
  json clone = created;
  clone["metadata"]["name"] = "copy";
  json copy = Created(clone);
  EXPECT_EQ(Volume(copy, 2)["secret"]["secretName"], "copy-innkeeper");
}

TEST_F(VmLife, NamesOfAnotherVmThatSlippedInAreMendedOnceItIsStopped) {
  json wrong = live_;  // a clone made while the webhook was away
  wrong["metadata"]["name"] = "copy";
  EXPECT_EQ(Updated(wrong, wrong), wrong);
  json mended = Updated(Stopped(wrong), Stopped(wrong));
  EXPECT_EQ(Volume(mended, 2)["secret"]["secretName"], "copy-innkeeper");
  EXPECT_EQ(Volume(mended, 1)["cloudInitNoCloud"]["secretRef"]["name"], "copy-innkeeper-user-data");
}

TEST_F(VmLife, ADeletingVmIsLeftAlone) {
  json deleting = live_;
  deleting["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  deleting["spec"] = manifest_["spec"];
  EXPECT_EQ(Updated(live_, deleting), deleting);
}

}  // namespace
}  // namespace innkeeper
