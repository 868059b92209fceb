#include "coordinator/kube/reviews.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/testing/fake_clock.h"
#include "coordinator/kube/testing/fake_kube_client.h"

namespace innkeeper {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class ReviewsTest : public testing::Test {
 protected:
  static Call AnyCall() { return Call::Within(std::chrono::seconds(20)); }
  FakeKubeKind Kind(const std::string& group, const std::string& plural) {
    return {.kind = {group, "v1", plural},
            .name = "Review",
            .namespaced = false,
            .kept = false,
            .admit = [this](json& review) {
              asked_ = review;
              review["status"] = json::parse(answer_);
              return absl::OkStatus();
            }};
  }
  absl::StatusOr<KubeUser> Token(const std::string& answer) {
    answer_ = answer;
    return ReviewToken(client_, Secret(std::string("to.ken")), "innkeeper", AnyCall());
  }
  absl::Status Access(const std::string& answer, const KubeUser& user) {
    answer_ = answer;
    return ReviewAccess(
        client_, user,
        {.verb = "get", .group = "innkeeper.dev", .resource = "guests", .ns = "lab", .name = "web"},
        AnyCall());
  }
  json asked_;
  std::string answer_;
  FakeClock clock_;
  FakeKubeServer server_{clock_,
                         {Kind("authentication.k8s.io", "tokenreviews"),
                          Kind("authorization.k8s.io", "subjectaccessreviews")}};
  FakeKubeClient client_{server_};
};

TEST_F(ReviewsTest, AnAcceptedTokenTellsWhoAndWhere) {
  const auto user = Token(R"({"authenticated":true,"audiences":["innkeeper"],"user":{
      "username":"system:serviceaccount:innkeeper:agent","uid":"u1","groups":["g"],
      "extra":{"authentication.kubernetes.io/node-name":["n1"],
               "authentication.kubernetes.io/node-uid":["nu"],
               "authentication.kubernetes.io/pod-name":["p1"],
               "authentication.kubernetes.io/pod-uid":["pu"]}}})");
  ASSERT_TRUE(user.ok()) << user.status();
  EXPECT_EQ(user->name, "system:serviceaccount:innkeeper:agent");
  EXPECT_EQ(user->node_name + user->node_uid + user->pod_name + user->pod_uid, "n1nup1pu");
  EXPECT_EQ(asked_["spec"]["audiences"], json({"innkeeper"}));
  EXPECT_EQ(asked_["spec"]["token"], "to.ken");
}

TEST_F(ReviewsTest, WhatIsNotPlainlyAcceptedIsNot) {
  for (const char* answer :
       {R"({"authenticated":false,"error":"expired"})", "{}", R"({"authenticated":"true"})",
        R"({"authenticated":true,"user":{"username":"a"}})",
        R"({"authenticated":true,"audiences":["other"],"user":{"username":"a"}})",
        R"({"authenticated":true,"audiences":["innkeeper"],"user":{}})",
        R"({"authenticated":true,"audiences":["innkeeper"]})"}) {
    EXPECT_TRUE(absl::IsUnauthenticated(Token(answer).status())) << answer;
  }
  EXPECT_THAT(std::string(Token(R"({"error":"expired"})").status().message()),
              HasSubstr("expired"));
}

TEST_F(ReviewsTest, AClaimWithTwoValuesIsNone) {
  const auto user = Token(R"({"authenticated":true,"audiences":["innkeeper"],"user":{
      "username":"a","extra":{"authentication.kubernetes.io/node-name":["n1","n2"]}}})");
  ASSERT_TRUE(user.ok());
  EXPECT_EQ(user->node_name, "");
}

TEST_F(ReviewsTest, NobodyIsAskedAboutNoToken) {
  EXPECT_TRUE(
      absl::IsInvalidArgument(ReviewToken(client_, Secret(), "innkeeper", AnyCall()).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      ReviewToken(client_, Secret(std::string("t")), "", AnyCall()).status()));
  EXPECT_EQ(client_.Requests(KubeVerb::kCreate), 0);
  client_.CutOff();
  EXPECT_TRUE(absl::IsUnavailable(Token("{}").status()));
}

TEST_F(ReviewsTest, OnlyAnExplicitYesAllows) {
  const KubeUser user{.name = "jane", .groups = {"ops"}, .extra = {{"k", {"v"}}}};
  EXPECT_TRUE(Access(R"({"allowed":true})", user).ok());
  EXPECT_EQ(asked_["spec"]["user"], "jane");
  EXPECT_EQ(asked_["spec"]["groups"], json({"ops"}));
  EXPECT_EQ(asked_["spec"]["extra"], json({{"k", {"v"}}}));
  EXPECT_EQ(asked_["spec"]["resourceAttributes"], json({{"verb", "get"},
                                                        {"group", "innkeeper.dev"},
                                                        {"resource", "guests"},
                                                        {"namespace", "lab"},
                                                        {"name", "web"}}));
  for (const char* answer : {"{}", R"({"allowed":false,"reason":"no"})",
                             R"({"allowed":true,"denied":true})", R"({"allowed":1})"}) {
    EXPECT_TRUE(absl::IsPermissionDenied(Access(answer, user))) << answer;
  }
  client_.CutOff();
  EXPECT_TRUE(absl::IsUnavailable(Access("{}", user)));
}

}  // namespace
}  // namespace innkeeper
