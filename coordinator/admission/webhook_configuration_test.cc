#include "coordinator/admission/webhook_configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"

namespace innkeeper {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

json Live() {
  return {{"webhooks",
           {{{"name", "own.vm.innkeeper.dev"}, {"clientConfig", {{"service", {{"name", "x"}}}}}},
            {{"name", kTypeEntry},
             {"clientConfig", json::object()},
             {"matchConditions", {{{"name", "refers"}, {"expression", "true"}}}}}}}};
}
bool IsGood(const std::string& bundle) { return bundle == "good"; }

WebhookPlan PlanOf(const json& live, const WebhookWish& wish) {
  const absl::StatusOr<WebhookPlan> plan = PlanWebhooks(live.dump(), wish, IsGood);
  EXPECT_TRUE(plan.ok()) << plan.status();
  return plan.ok() ? *plan : WebhookPlan{};
}
json After(const json& live, const WebhookWish& wish) {
  const WebhookPlan plan = PlanOf(live, wish);
  return plan.patch.empty() ? live : live.patch(json::parse(plan.patch));
}

TEST(WebhookConfiguration, GetsBundleAndConditionOnceAndThenNothing) {
  const WebhookWish wish{"good", {{"u1.small"}, {}}};
  const WebhookPlan first = PlanOf(Live(), wish);
  EXPECT_THAT(first.mistrusting, ElementsAre("own.vm.innkeeper.dev", kTypeEntry));
  const json live = After(Live(), wish);
  for (const json& entry : live["webhooks"]) {
    EXPECT_EQ(entry["clientConfig"]["caBundle"], absl::Base64Escape("good"));
  }
  EXPECT_EQ(live["webhooks"][0]["clientConfig"]["service"]["name"], "x");
  EXPECT_EQ(live["webhooks"][1]["matchConditions"][0]["name"], "refers");
  EXPECT_EQ(live["webhooks"][1]["matchConditions"][1]["name"], kAskingCondition);
  const WebhookPlan second = PlanOf(live, wish);
  EXPECT_EQ(second.patch, "");
  EXPECT_THAT(second.mistrusting, IsEmpty());
}

TEST(WebhookConfiguration, FollowsBundleAndNames) {
  const json live = After(Live(), {"old", {{"a"}, {}}});
  EXPECT_THAT(PlanOf(live, {"good", {}}).mistrusting, testing::SizeIs(2));
  const json next = After(live, {"good", {{"b"}, {"c"}}});
  EXPECT_EQ(next["webhooks"][1]["matchConditions"].size(), 2u);
  EXPECT_EQ(next["webhooks"][1]["matchConditions"][1]["expression"],
            AskingExpression({{"b"}, {"c"}}));
  EXPECT_EQ(PlanOf(next, {"good", {{"b"}, {"c"}}}).patch, "");
}

TEST(WebhookConfiguration, ABundleThatOthersInjectIsJudgedAndLeftAlone) {
  json live = After(Live(), {"theirs", {}});
  EXPECT_THAT(PlanOf(live, {"", {}}).mistrusting, testing::SizeIs(2));
  EXPECT_EQ(PlanOf(live, {"", {}}).patch, "");
  live["webhooks"][0]["clientConfig"]["caBundle"] = absl::Base64Escape("good");
  EXPECT_THAT(PlanOf(live, {"", {}}).mistrusting, ElementsAre(kTypeEntry));
}

TEST(WebhookConfiguration, APatchFailsWhereSomebodyMovedTheEntries) {
  const json live = After(Live(), {"old", {}});
  const json patch = json::parse(PlanOf(live, {"good", {{"a"}, {}}}).patch);
  json moved = live;
  moved["webhooks"].erase(0);
  EXPECT_THROW(moved.patch(patch), json::exception);
}

TEST(WebhookConfiguration, NamesAreSortedAndQuoted) {
  EXPECT_EQ(AskingExpression({{"b", "a", "b"}, {}}), AskingExpression({{"a", "b"}, {}}));
  EXPECT_THAT(AskingExpression({{"a\"] || true"}, {}}), testing::HasSubstr(R"(a\"] || true")"));
  EXPECT_EQ(AskingExpression({std::vector<std::string>(501, "x"), {}}), "true");
}

TEST(WebhookConfiguration, WhatIsNoneIsAnError) {
  for (const char* bad : {"", "{}", "[]", R"({"webhooks":[{}]})", R"({"webhooks":[{"name":7}]})"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(PlanWebhooks(bad, {}, IsGood).status())) << bad;
  }
}

}  // namespace
}  // namespace innkeeper
