// Reviews and events at a real API server.

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "coordinator/kube/events.h"
#include "coordinator/kube/reviews.h"
#include "coordinator/kube/testing/real_kube.h"

namespace innkeeper {
namespace {

using nlohmann::json;

class ReviewsAtTheRealServer : public testing::Test {
 protected:
  static Call AnyCall() { return Call::Within(std::chrono::seconds(60)); }
  std::string Make(const KubePath& path, const json& object) {
    const auto made = client_->Create(path, object.dump(), {}, AnyCall());
    EXPECT_TRUE(made.ok()) << made.status();
    return made.ok() ? json::parse(*made)["metadata"].value("uid", "") : "";
  }
  // A token of account `agent`, bound to that pod where one is given.
  Secret Token(const std::string& audience, const json& bound) {
    json spec = {{"audiences", {audience}}, {"expirationSeconds", 600}};
    if (!bound.is_null()) spec["boundObjectRef"] = bound;
    const json request = {
        {"apiVersion", "authentication.k8s.io/v1"}, {"kind", "TokenRequest"}, {"spec", spec}};
    const auto answer = client_->Create({{"", "v1", "serviceaccounts"}, ns_, "agent", "token"},
                                        request.dump(), {}, AnyCall());
    EXPECT_TRUE(answer.ok()) << answer.status();
    return Secret(answer.ok() ? json::parse(*answer)["status"]["token"].get<std::string>() : "");
  }
  RealKube server_;
  const std::unique_ptr<KubeClient> client_ = server_.Client("test");
  const std::string ns_ = server_.FreshNamespace();
  RealClock clock_;
};

TEST_F(ReviewsAtTheRealServer, APodsTokenTellsItsPodAndNode) {
  const std::string node = "node-" + ns_;
  const KubePath node_path{{"", "v1", "nodes"}, "", node};
  const std::string node_uid = Make(node_path, {{"metadata", {{"name", node}}}});
  Make({{"", "v1", "serviceaccounts"}, ns_, "agent"}, {{"metadata", {{"name", "agent"}}}});
  const std::string pod_uid = Make({{"", "v1", "pods"}, ns_, "p1"},
                                   {{"metadata", {{"name", "p1"}}},
                                    {"spec",
                                     {{"nodeName", node},
                                      {"serviceAccountName", "agent"},
                                      {"automountServiceAccountToken", false},
                                      {"containers", {{{"name", "c"}, {"image", "none"}}}}}}});
  const json bound = {{"apiVersion", "v1"}, {"kind", "Pod"}, {"name", "p1"}, {"uid", pod_uid}};
  const Secret token = Token("innkeeper", bound);
  const auto user = ReviewToken(*client_, token, "innkeeper", AnyCall());
  ASSERT_TRUE(user.ok()) << user.status();
  EXPECT_EQ(user->name, "system:serviceaccount:" + ns_ + ":agent");
  EXPECT_EQ(user->node_name, node);
  EXPECT_EQ(user->node_uid, node_uid);
  EXPECT_EQ(user->pod_name, "p1");
  EXPECT_EQ(user->pod_uid, pod_uid);
  for (const Secret& other :
       {Token("another", bound), Token("https://kubernetes.default.svc", bound)}) {
    EXPECT_TRUE(
        absl::IsUnauthenticated(ReviewToken(*client_, other, "innkeeper", AnyCall()).status()));
  }
  EXPECT_TRUE(absl::IsUnauthenticated(
      ReviewToken(*client_, Secret(std::string("a.b.c")), "innkeeper", AnyCall()).status()));
  ASSERT_TRUE(client_
                  ->Patch({{"", "v1", "pods"}, ns_, "p1"}, KubePatch::kMerge,
                          R"({"metadata":{"labels":{"a":"b"}}})", {}, AnyCall())
                  .ok());
  EXPECT_TRUE(client_->Delete(node_path, {}, AnyCall()).ok());
}

TEST_F(ReviewsAtTheRealServer, AccessIsWhatTheRolesSay) {
  Make({{"rbac.authorization.k8s.io", "v1", "roles"}, ns_, "reader"},
       {{"metadata", {{"name", "reader"}}},
        {"rules",
         {{{"apiGroups", {"test.innkeeper.dev"}},
           {"resources", {"widgets"}},
           {"resourceNames", {"web"}},
           {"verbs", {"get"}}}}}});
  Make({{"rbac.authorization.k8s.io", "v1", "rolebindings"}, ns_, "reader"},
       {{"metadata", {{"name", "reader"}}},
        {"roleRef",
         {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "Role"}, {"name", "reader"}}},
        {"subjects",
         {{{"kind", "Group"}, {"name", "ops"}, {"apiGroup", "rbac.authorization.k8s.io"}}}}});
  KubeAccessQuestion question{.verb = "get",
                              .group = "test.innkeeper.dev",
                              .resource = "widgets",
                              .ns = ns_,
                              .name = "web"};
  const KubeUser ops{.name = "jane", .groups = {"ops"}}, nobody{.name = "joe", .groups = {"dev"}};
  // The authorizer learns of a new binding a moment later.
  const Call call = AnyCall();
  while (!ReviewAccess(*client_, ops, question, call).ok()) ASSERT_TRUE(call.Check("wait").ok());
  EXPECT_TRUE(absl::IsPermissionDenied(ReviewAccess(*client_, nobody, question, AnyCall())));
  question.name = "db";
  EXPECT_TRUE(absl::IsPermissionDenied(ReviewAccess(*client_, ops, question, AnyCall())));
  question.name = "web";
  question.verb = "delete";
  EXPECT_TRUE(absl::IsPermissionDenied(ReviewAccess(*client_, ops, question, AnyCall())));
}

TEST_F(ReviewsAtTheRealServer, EventsAreTakenAndCounted) {
  KubeEvents events(*client_, clock_, {.instance = "test"});
  const KubeEvent event{"test.innkeeper.dev/v1", "Widget", ns_, "web", "uid-web", true, "Conflict",
                        "the host is another's"};
  for (int i = 0; i < 3; ++i) events.Record(event);
  const Call call = AnyCall();
  while (events.Written() + events.Drops() < 3) ASSERT_TRUE(call.Check("wait").ok());
  EXPECT_EQ(events.Written(), 3u);
  std::vector<json> stored;
  const auto version = client_->List(
      {.kind = {"", "v1", "events"}, .ns = ns_, .field_selector = "involvedObject.uid=uid-web"},
      [&](KubeChange, std::string_view object) {
        stored.push_back(json::parse(object));
        return absl::OkStatus();
      },
      AnyCall());
  ASSERT_TRUE(version.ok()) << version.status();
  ASSERT_EQ(stored.size(), 1u);
  EXPECT_EQ(stored[0]["count"], 3);
  EXPECT_EQ(stored[0]["type"], "Warning");
}

}  // namespace
}  // namespace innkeeper
