#include "coordinator/kube/kube_urls.h"

#include <gtest/gtest.h>

namespace innkeeper {
namespace {

const KubeKind kVms{"kubevirt.io", "v1", "virtualmachines"};

TEST(KubeUrls, FollowTheApisPaths) {
  EXPECT_EQ(*ObjectUrl({kVms, "lab", "web", "status"}),
            "/apis/kubevirt.io/v1/namespaces/lab/virtualmachines/web/status");
  EXPECT_EQ(*ObjectUrl({{"", "v1", "nodes"}, "", "n1"}), "/api/v1/nodes/n1");
  EXPECT_EQ(*CollectionUrl({"", "v1", "secrets"}, "lab"), "/api/v1/namespaces/lab/secrets");
  EXPECT_EQ(*CollectionUrl(kVms, "", {{"labelSelector", "a in (b,c)"}, {"limit", "5"}}),
            "/apis/kubevirt.io/v1/virtualmachines?labelSelector=a%20in%20%28b%2Cc%29&limit=5");
}

TEST(KubeUrls, ADeletionWithoutANameWouldDeleteThemAll) {
  EXPECT_TRUE(absl::IsInvalidArgument(ObjectUrl({kVms, "lab", ""}).status()));
}

TEST(KubeUrls, NoPartLeavesItsSegment) {
  for (const std::string& part : {std::string("."), std::string(".."), std::string("a/b"),
                                  std::string("a%2fb"), std::string("a\0b", 3)}) {
    EXPECT_FALSE(ObjectUrl({kVms, "lab", part}).ok()) << part;
    EXPECT_FALSE(ObjectUrl({kVms, part, "web"}).ok()) << part;
    EXPECT_FALSE(ObjectUrl({kVms, "lab", "web", part}).ok()) << part;
    EXPECT_FALSE(CollectionUrl({"kubevirt.io", "v1", part}, "lab").ok()) << part;
    EXPECT_FALSE(CollectionUrl({part, "v1", "x"}, "lab").ok()) << part;
  }
  EXPECT_EQ(*ObjectUrl({kVms, "lab", "a?b#c:d"}),
            "/apis/kubevirt.io/v1/namespaces/lab/virtualmachines/a%3Fb%23c%3Ad");
}

}  // namespace
}  // namespace innkeeper
