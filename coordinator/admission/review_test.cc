#include "coordinator/admission/review.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "coordinator/admission/testing/vm_builder.h"
#include "coordinator/admission/vm_decode.h"

namespace innkeeper {
namespace {

using nlohmann::json;

TEST(Review, IsReadInWhateverOrderItsFieldsCome) {
  const json vm = Annotated(LabelledVm("#!/bin/sh\n"), "innkeeper.dev/fqdn", "a.example.test");
  json review = json::parse(UpdateReview(Stopped(vm), vm));
  // nlohmann sorts keys: oldObject, operation and uid come behind object here, in Go's before.
  const absl::StatusOr<VmReview> read = DecodeReview(review.dump());
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->uid, "705ab4f5-6393-11e8-b7cc-42010a800002");
  EXPECT_EQ(read->operation, ReviewOperation::kUpdate);
  EXPECT_TRUE(read->IsOfVms());
  EXPECT_EQ(read->key.Text(), "shop/web");
  EXPECT_EQ(read->vm.enroll, "true");
  EXPECT_EQ(read->vm.fqdn, "a.example.test");
  EXPECT_EQ(read->vm.user_data.text, "#!/bin/sh\n");
  EXPECT_EQ(read->vm.cloud_init, 1u);
  EXPECT_FALSE(read->vm.stopped);
  ASSERT_TRUE(read->old);
  EXPECT_TRUE(read->old->stopped);
}

TEST(Review, NullIsAsGoodAsAbsent) {
  json vm = LabelledVm();
  vm["metadata"]["annotations"] = nullptr;
  vm["spec"]["template"]["spec"]["domain"]["devices"]["disks"] = nullptr;
  Volume(vm, 1)["cloudInitNoCloud"] = {{"userData", nullptr}, {"secretRef", nullptr}};
  vm["status"] = nullptr;
  const absl::StatusOr<VmReview> read = DecodeReview(CreateReview(vm));
  ASSERT_TRUE(read.ok());
  EXPECT_FALSE(read->vm.ill_formed);
  EXPECT_FALSE(read->vm.has_annotations);
  EXPECT_FALSE(read->vm.disks.exists);
  EXPECT_EQ(read->vm.user_data, UserDataSource{});
  EXPECT_FALSE(read->old);
}

TEST(Review, AnIllFormedVmIsTheSchemasBusiness) {
  for (const char* path : {"/metadata/labels", "/spec/template/spec/volumes", "/spec/template",
                           "/spec/template/spec/volumes/1/cloudInitNoCloud/userData",
                           "/spec/template/spec/domain/devices/disks/0/name", "/spec"}) {
    for (const json& wrong : {json(7), json("text"), json({1, 2}), json({{"a", {{"b", 1}}}})}) {
      json vm = LabelledVm();
      json& place = vm[json::json_pointer(path)];
      if (wrong.type() == place.type()) continue;
      place = wrong;
      const absl::StatusOr<VmReview> read = DecodeReview(CreateReview(vm));
      ASSERT_TRUE(read.ok()) << path << wrong;
      EXPECT_EQ(read->uid, "705ab4f5-6393-11e8-b7cc-42010a800002");
    }
  }
}

// A patch whose path is not there would make the API server refuse the request.
TEST(Review, AVmWithoutMetadataOrTemplateGetsNoPatch) {
  const OptInSets index;
  const VmAdmission admission(index, AdmissionRules{});
  for (const char* part : {"/metadata", "/spec/template/spec", "/spec/template", "/spec"}) {
    const json::json_pointer path(part);
    json old = LabelledVm(), vm = old;
    old = Stopped(AdmitCreate(admission, old).vm);
    vm[path.parent_pointer()].erase(path.back());
    EXPECT_EQ(AdmitUpdate(admission, old, vm).patch, json()) << part;
  }
}

TEST(Review, WhatIsNoReviewIsRefused) {
  const std::string good = CreateReview(LabelledVm());
  json without = json::parse(good), other = without, kind = without, version = without;
  without["request"].erase("uid");
  other["request"] = "x";
  kind["kind"] = "Pod";
  version["apiVersion"] = "admission.k8s.io/v1beta1";
  for (const std::string& bad :
       {std::string(), std::string("{}"), std::string("[]"), std::string("null"),
        good.substr(0, good.size() / 2), good.substr(0, good.size() - 1), without.dump(),
        other.dump(), kind.dump(), std::string(70'000, '['), std::string("{\"kind\":\"\xff\"}")}) {
    EXPECT_EQ(DecodeReview(bad).status().code(), absl::StatusCode::kInvalidArgument)
        << bad.substr(0, 80);
  }
  EXPECT_EQ(DecodeReview(version.dump()).status().code(), absl::StatusCode::kUnimplemented);
}

TEST(Review, TheAnswerIsJsonWhateverIsInIt) {
  ReviewAnswer answer;
  answer.allowed = false;
  answer.refusal = "\"quoted\"\n\x01";
  answer.warnings = {"one", std::string(400, 'w')};
  const json no = json::parse(EncodeAnswer("u\"1", answer))["response"];
  EXPECT_EQ(no["uid"], "u\"1");
  EXPECT_EQ(no["allowed"], false);
  EXPECT_EQ(no["status"]["message"], answer.refusal);
  EXPECT_EQ(no["warnings"][1].get<std::string>().size(), 256u);
  answer = {};
  answer.patch = "[]";
  const json yes = json::parse(EncodeAnswer("u", answer))["response"];
  EXPECT_EQ(yes["patchType"], "JSONPatch");
  EXPECT_EQ(yes["patch"], "W10=");
  EXPECT_FALSE(yes.contains("status"));
}

TEST(Vm, IsReadAloneAsWell) {
  const absl::StatusOr<VmView> vm = DecodeVm(LabelledVm().dump());
  ASSERT_TRUE(vm.ok());
  EXPECT_EQ(vm->name, "web");
  EXPECT_FALSE(DecodeVm("[1]").ok());
  EXPECT_FALSE(DecodeVm(R"({"metadata":{"name":7}})").ok());
}

}  // namespace
}  // namespace innkeeper
