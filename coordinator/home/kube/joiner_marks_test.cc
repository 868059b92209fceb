#include "coordinator/home/kube/joiner_marks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <nlohmann/json.hpp>

namespace innkeeper {
namespace {

using nlohmann::json;

JoinerMarks Read(const std::string& text, const std::string& finalizer = kJoinerFinalizer) {
  const simdjson::padded_string padded(text);
  return ReadJoinerMarks({padded.data(), padded.size()}, finalizer);
}

// What the patch makes of it; "refused" where it does not fit.
json Patched(const json& vm, const JoinerChange& change, const json* meanwhile = nullptr) {
  const absl::StatusOr<std::string> patch = JoinerPatch(vm.dump(), "u1", kJoinerFinalizer, change);
  if (!patch.ok()) return "refused";
  if (patch->empty()) return vm;
  try {
    return (meanwhile ? *meanwhile : vm).patch(json::parse(*patch));
  } catch (const json::exception&) {
    return "refused";
  }
}

json Vm(const char* metadata) {
  json vm = json::parse(metadata);
  vm["uid"] = "u1";
  vm["resourceVersion"] = "7";
  return {{"metadata", vm}, {"spec", {{"runStrategy", "Always"}}}};
}

TEST(JoinerMarks, AreReadFromAVmAndFromNothingElse) {
  EXPECT_EQ(Read(R"({"metadata":{"finalizers":["a","ipa.enroll/cleanup"],
      "annotations":{"ipa-enroll/status":"Enrolled as x","ipa-enroll/error":"Failed: y"}}})"),
            (JoinerMarks{true, "Enrolled as x", "Failed: y"}));
  EXPECT_EQ(Read(R"({"metadata":{"finalizers":["mine"]}})", "mine"), (JoinerMarks{true, "", ""}));
  for (const char* none :
       {R"({"metadata":{"labels":{"ipa-enroll":"true"}}})", R"({"spec":"ipa.enroll/cleanup"})",
        R"({"metadata":{"finalizers":"ipa.enroll/cleanup"}})",
        R"({"metadata":{"annotations":{"ipa-enroll/status":7}}})", R"("ipa-enroll/status)"}) {
    EXPECT_EQ(Read(none), JoinerMarks{}) << none;
  }
}

TEST(JoinerMarks, APatchWritesAnnotationsBesideThoseOfOthers) {
  const JoinerChange enrolled{"Enrolled as x", "", false};
  const json bare = Patched(Vm("{}"), enrolled);
  EXPECT_EQ(bare["metadata"]["annotations"], (json{{"ipa-enroll/status", "Enrolled as x"}}));
  const json both =
      Patched(Vm(R"({"annotations":{"other":"1","ipa-enroll/error":"Failed: y"}})"), enrolled);
  EXPECT_EQ(both["metadata"]["annotations"],
            (json{{"other", "1"}, {"ipa-enroll/status", "Enrolled as x"}}));
  EXPECT_EQ(both["spec"], Vm("{}")["spec"]);
  EXPECT_EQ(*JoinerPatch(both.dump(), "u1", kJoinerFinalizer, enrolled), "") << "it is so already";
}

TEST(JoinerMarks, APatchTakesOffThatOneFinalizerOnlyWhereItWasRead) {
  const JoinerChange drop{std::nullopt, std::nullopt, true};
  const json vm = Vm(R"({"finalizers":["kubevirt","ipa.enroll/cleanup","other"]})");
  EXPECT_EQ(Patched(vm, drop)["metadata"]["finalizers"], (json{"kubevirt", "other"}));
  const json moved = Vm(R"({"finalizers":["ipa.enroll/cleanup","kubevirt","other"]})");
  EXPECT_EQ(Patched(vm, drop, &moved), "refused");
  EXPECT_EQ(*JoinerPatch(Vm(R"({"finalizers":["kubevirt"]})").dump(), "u1", kJoinerFinalizer, drop),
            "");
}

TEST(JoinerMarks, NoPatchIsMadeForAnotherVmAndNoneFitsOne) {
  const JoinerChange drop{std::nullopt, std::nullopt, true};
  json other = Vm(R"({"finalizers":["ipa.enroll/cleanup"]})");
  const json before = other;
  other["metadata"]["uid"] = "u2";
  EXPECT_TRUE(absl::IsAborted(JoinerPatch(other.dump(), "u1", kJoinerFinalizer, drop).status()));
  EXPECT_EQ(Patched(before, drop, &other), "refused");
  EXPECT_TRUE(absl::IsInvalidArgument(JoinerPatch("7", "u1", kJoinerFinalizer, drop).status()));
  // Annotations that somebody began in between are not overwritten.
  json annotated = Vm(R"({"annotations":{"other":"1"}})");
  annotated["metadata"]["resourceVersion"] = "8";
  EXPECT_EQ(Patched(Vm("{}"), {"x", std::nullopt, false}, &annotated), "refused");
}

}  // namespace
}  // namespace innkeeper
