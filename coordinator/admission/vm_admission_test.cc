#include "coordinator/admission/vm_admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "coordinator/admission/testing/vm_builder.h"
#include "coordinator/admission/user_data/testing/user_data_samples.h"

namespace innkeeper {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class VmAdmissionTest : public testing::Test {
 protected:
  static AdmissionRules Rules() {
    AdmissionRules rules;
    rules.naming.domain = "example.test";
    return rules;
  }
  Outcome Create(const json& vm) { return AdmitCreate(admission_, vm); }

  OptInSets index_;
  VmAdmission admission_{index_, Rules()};
};

json Secret(const std::string& name) {
  return {{"name", "innkeeper"}, {"secret", {{"secretName", name}, {"volumeLabel", "INNKEEPER"}}}};
}
json Disk() { return {{"name", "innkeeper"}, {"disk", {{"bus", "virtio"}, {"readonly", true}}}}; }
std::string RecordOf(const json& vm) {
  return vm["metadata"]["annotations"].value("innkeeper.dev/prepared", "");
}

TEST_F(VmAdmissionTest, PreparesALabelledVm) {
  const Outcome out = Create(LabelledVm("#cloud-config\nhostname: x\n"));
  EXPECT_EQ(out.result, AdmissionResult::kPrepared);
  json expected = LabelledVm("");
  json& spec = expected["spec"]["template"]["spec"];
  Volume(expected, 1)["cloudInitNoCloud"] = {{"secretRef", {{"name", "web-innkeeper-user-data"}}}};
  spec["volumes"].push_back(Secret("web-innkeeper"));
  spec["domain"]["devices"]["disks"].push_back(Disk());
  expected["metadata"]["annotations"]["innkeeper.dev/prepared"] =
      R"({"joinSecret":"web-innkeeper","userDataSecret":"web-innkeeper-user-data",)"
      R"("original":{"userData":"#cloud-config\nhostname: x\n"}})";
  EXPECT_EQ(out.vm, expected);
  EXPECT_TRUE(out.warnings.empty());
}

TEST_F(VmAdmissionTest, TakesTheFirstCloudInitVolumeOfEitherKindOnly) {
  json vm = Labelled(VmWith(json()));
  json& volumes = vm["spec"]["template"]["spec"]["volumes"];
  volumes.push_back(
      {{"name", "b"}, {"cloudInitConfigDrive", {{"userDataBase64", "IyEvYmluL3No"}}}});
  volumes.push_back({{"name", "a"}, {"cloudInitNoCloud", {{"userData", "#!/bin/sh\n"}}}});
  json out = Create(vm).vm;
  EXPECT_EQ(Volume(out, 1)["cloudInitConfigDrive"]["secretRef"]["name"], "web-innkeeper-user-data");
  EXPECT_FALSE(Volume(out, 1)["cloudInitConfigDrive"].contains("userDataBase64"));
  EXPECT_EQ(Volume(out, 2), Volume(vm, 2));
}

TEST_F(VmAdmissionTest, NetworkDataStays) {
  json out = Create(Labelled(VmWith({{"networkData", "version: 2"}}))).vm;
  EXPECT_EQ(Volume(out, 1)["cloudInitNoCloud"]["networkData"], "version: 2");
  EXPECT_THAT(RecordOf(out), HasSubstr(R"("original":{}})"));
}

TEST_F(VmAdmissionTest, MakesListsThatAreNotThere) {
  json vm = LabelledVm();
  vm["spec"]["template"]["spec"]["domain"]["devices"].erase("disks");
  EXPECT_EQ(Create(vm).vm["spec"]["template"]["spec"]["domain"]["devices"]["disks"],
            json::array({Disk()}));
  vm["spec"]["template"]["spec"].erase("domain");
  EXPECT_EQ(Create(vm).vm["spec"]["template"]["spec"]["domain"]["devices"]["disks"],
            json::array({Disk()}));
  vm["spec"]["template"]["spec"].erase("volumes");
  vm = Annotated(vm, "innkeeper.dev/delivery", "cloudInit");
  EXPECT_EQ(Create(vm).vm["spec"]["template"]["spec"]["volumes"],
            json::array({Secret("web-innkeeper")}));
}

TEST_F(VmAdmissionTest, EachFormOfUserDataIsComposedOrLeftAlone) {
  for (const UserDataSample& sample : UserDataSamples()) {
    if (sample.bytes.size() > 2048) continue;  // KubeVirt refuses more, and so it is not our matter
    const json vm = Labelled(VmWith({{"userDataBase64", absl::Base64Escape(sample.bytes)}}));
    const Outcome out = Create(vm);
    SCOPED_TRACE(sample.name);
    if (IsComposable(sample.form)) {
      EXPECT_EQ(out.result, AdmissionResult::kPrepared);
      continue;
    }
    EXPECT_EQ(out.result, AdmissionResult::kAgent);
    EXPECT_EQ(out.vm, vm);
    EXPECT_THAT(out.warnings.dump(), HasSubstr(NameOf(sample.form)));
  }
}

struct AgentRow {
  const char* name;
  json source;
  const char* warning;  // null: none
};
TEST_F(VmAdmissionTest, WhatMayNotBeComposedIsTheAgents) {
  const std::string full = "#cloud-config\n" + std::string(2034, 'x');
  for (const AgentRow& row : {
           AgentRow{"no volume", json(), "no cloud-init volume"},
           AgentRow{"a Secret", {{"secretRef", {{"name", "theirs"}}}}, "may not read"},
           AgentRow{"our own", {{"secretRef", {{"name", "web-innkeeper-user-data"}}}}, "is gone"},
           AgentRow{"too large", {{"userData", full + "x"}}, nullptr},
           AgentRow{"too large", {{"userDataBase64", absl::Base64Escape(full + "x")}}, nullptr},
           AgentRow{"no base64", {{"userDataBase64", "IyE"}}, nullptr},
           AgentRow{"no base64", {{"userDataBase64", "Iy E="}}, nullptr},
           AgentRow{"two", {{"userData", "#!/bin/sh"}, {"secretRef", {{"name", "x"}}}}, nullptr},
       }) {
    SCOPED_TRACE(row.name);
    const json vm = Labelled(VmWith(row.source));
    const Outcome out = Create(vm);
    EXPECT_EQ(out.result, AdmissionResult::kAgent);
    EXPECT_EQ(out.vm, vm);
    if (row.warning == nullptr) {
      EXPECT_TRUE(out.warnings.empty());
    } else {
      EXPECT_THAT(out.warnings.dump(), HasSubstr(row.warning));
    }
  }
  EXPECT_EQ(Create(LabelledVm(full)).result, AdmissionResult::kPrepared);
}

TEST_F(VmAdmissionTest, ASecretOfTheUsersIsComposedWhereTheAdministratorAllowsIt) {
  AdmissionRules rules = Rules();
  rules.readable_secrets = {"shop"};
  admission_.SetRules(rules);
  json vm = Labelled(VmWith({{"secretRef", {{"name", "theirs"}}}}));
  EXPECT_THAT(RecordOf(Create(vm).vm), HasSubstr(R"("original":{"secretRef":"theirs"})"));
  vm["metadata"]["namespace"] = "lab";
  EXPECT_EQ(Create(vm).result, AdmissionResult::kAgent);
}

TEST_F(VmAdmissionTest, DeliveryIsTheUsersChoice) {
  const json by_agent = Annotated(LabelledVm(), "innkeeper.dev/delivery", "agent");
  EXPECT_EQ(Create(by_agent).vm, by_agent);
  // An image that carries the boot unit needs the disk only.
  const json ignition = Labelled(VmWith({{"userData", R"({"ignition":{}})"}}));
  const Outcome out = Create(Annotated(ignition, "innkeeper.dev/delivery", "cloudInit"));
  EXPECT_EQ(out.result, AdmissionResult::kPrepared);
  EXPECT_EQ(RecordOf(out.vm), R"({"joinSecret":"web-innkeeper"})");
  json vm = out.vm;
  EXPECT_EQ(Volume(vm, 1)["cloudInitNoCloud"]["userData"], R"({"ignition":{}})");
  EXPECT_THAT(out.warnings.dump(), HasSubstr("must join by itself"));
}

TEST_F(VmAdmissionTest, AVolumeOfTheUsersWithOurNameStays) {
  json vm = LabelledVm();
  vm["spec"]["template"]["spec"]["volumes"].push_back({{"name", "innkeeper"}, {"emptyDisk", {}}});
  EXPECT_EQ(Create(vm).vm, vm);
  vm["spec"]["template"]["spec"]["volumes"][2] = {
      {"name", "innkeeper"}, {"secret", {{"secretName", "x"}, {"volumeLabel", "OTHER"}}}};
  EXPECT_EQ(Create(vm).vm, vm);
  EXPECT_EQ(Create(vm).result, AdmissionResult::kAgent);
}

TEST_F(VmAdmissionTest, FullListsStayAsTheyAre) {
  json vm = LabelledVm();
  json& volumes = vm["spec"]["template"]["spec"]["volumes"];
  while (volumes.size() < 255) {
    volumes.push_back({{"name", std::to_string(volumes.size())}, {"emptyDisk", {}}});
  }
  EXPECT_EQ(Create(vm).result, AdmissionResult::kPrepared);
  volumes.push_back({{"name", "last"}, {"emptyDisk", {}}});
  EXPECT_EQ(Create(vm).vm, vm);
}

TEST_F(VmAdmissionTest, ImpossibleNamesAreRefusedOnlyWhereEnrolmentIsAskedFor) {
  const std::string name(60, 'n');
  const Outcome out = Create(Labelled(VmWith({{"userData", "#!/bin/sh"}}, name)));
  EXPECT_FALSE(out.allowed);
  EXPECT_EQ(out.result, AdmissionResult::kRefused);
  EXPECT_THAT(out.refusal, HasSubstr("innkeeper.dev/fqdn"));
  EXPECT_TRUE(Create(VmWith({{"userData", "#!/bin/sh"}}, name)).allowed);
  EXPECT_TRUE(Create(Labelled(VmWith(json(), name), "false")).allowed);
  const json named = Labelled(VmWith(json(), name));
  EXPECT_TRUE(Create(Annotated(named, "innkeeper.dev/fqdn", "n.example.test")).allowed);
  EXPECT_FALSE(Create(Annotated(named, "innkeeper.dev/fqdn", "n.elsewhere.test")).allowed);
}

TEST_F(VmAdmissionTest, AVmThatIsThereStaysEditableWhateverItsName) {
  const json vm = Labelled(VmWith(json(), std::string(60, 'n')));
  EXPECT_TRUE(AdmitUpdate(admission_, vm, Annotated(vm, "note", "x")).allowed);
  EXPECT_FALSE(AdmitUpdate(admission_, Labelled(vm, "false"), vm).allowed);
  EXPECT_FALSE(AdmitUpdate(admission_, vm, Annotated(vm, "innkeeper.dev/fqdn", "..")).allowed);
  json deleting = Annotated(vm, "innkeeper.dev/fqdn", "..");
  deleting["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  EXPECT_TRUE(AdmitUpdate(admission_, vm, deleting).allowed);
}

TEST_F(VmAdmissionTest, NothingElseIsLookedAt) {
  json pod = json::parse(CreateReview(LabelledVm()));
  pod["request"]["resource"]["resource"] = "virtualmachineinstances";
  EXPECT_EQ(admission_.Admit(*DecodeReview(pod.dump())).result, AdmissionResult::kNotOurs);
  json status = json::parse(CreateReview(LabelledVm()));
  status["request"]["subResource"] = "status";
  EXPECT_EQ(admission_.Admit(*DecodeReview(status.dump())).result, AdmissionResult::kNotOurs);
  json removal = json::parse(CreateReview(LabelledVm()));
  removal["request"]["operation"] = "DELETE";
  const AdmissionVerdict verdict = admission_.Admit(*DecodeReview(removal.dump()));
  EXPECT_EQ(verdict.result, AdmissionResult::kNotOurs);
  EXPECT_TRUE(verdict.answer.allowed);
}

TEST_F(VmAdmissionTest, AnIllFormedVmIsAllowedUnchanged) {
  json vm = LabelledVm();
  Volume(vm, 1)["cloudInitNoCloud"]["userData"] = 7;
  const Outcome out = Create(vm);
  EXPECT_EQ(out.result, AdmissionResult::kIllFormed);
  EXPECT_TRUE(out.allowed);
  EXPECT_EQ(out.vm, vm);
}

TEST_F(VmAdmissionTest, OptInIsInherited) {
  const json vm = VmWith({{"userData", "#!/bin/sh\n"}});
  EXPECT_EQ(Create(vm).result, AdmissionResult::kNotAsked);
  index_.Set(OptInSets::Kind::kNamespace, "", "shop", true);
  EXPECT_EQ(Create(vm).result, AdmissionResult::kPrepared);
  EXPECT_EQ(Create(Labelled(vm, "false")).vm, Labelled(vm, "false"));
}

}  // namespace
}  // namespace innkeeper
