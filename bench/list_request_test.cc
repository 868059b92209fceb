#include <gtest/gtest.h>

#include "bench/paged_api_server.h"

namespace innkeeper {
namespace {

TEST(ListRequest, KnowsThePageAfterAnother) {
  const absl::StatusOr<ListRequest> request =
      ParseListRequest("/apis/kubevirt.io/v1/virtualmachineinstances?limit=500&continue=1500");
  ASSERT_TRUE(request.ok());
  EXPECT_TRUE(request->vmis);
  EXPECT_FALSE(request->watch);
  EXPECT_EQ(request->limit, 500u);
  EXPECT_EQ(request->first, 1'500u);
}

TEST(ListRequest, TellsAStreamingListFromAWatch) {
  const std::string watch = "/apis/kubevirt.io/v1/virtualmachines?watch=true&resourceVersion=1";
  EXPECT_TRUE(ParseListRequest(watch)->watch);
  EXPECT_FALSE(ParseListRequest(watch)->initial_events);
  EXPECT_TRUE(ParseListRequest(watch + "&sendInitialEvents=true")->initial_events);
}

TEST(ListRequest, IsOfNothingElse) {
  EXPECT_TRUE(absl::IsNotFound(ParseListRequest("/api/v1/namespaces?limit=500").status()));
}

}  // namespace
}  // namespace innkeeper
