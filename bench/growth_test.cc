#include "bench/growth.h"

#include <gtest/gtest.h>

namespace innkeeper {
namespace {

TEST(GrowthExponent, IsOneForWhatGrowsInProportion) {
  EXPECT_NEAR(GrowthExponent({{1'000, 5}, {10'000, 50}, {100'000, 500}}), 1, 1e-9);
}

TEST(GrowthExponent, IsZeroForWhatDoesNotGrow) {
  EXPECT_NEAR(GrowthExponent({{1'000, 7}, {30'000, 7}, {100'000, 7}}), 0, 1e-9);
}

TEST(GrowthExponent, IsTwoForAScanOfAllForEachOfAll) {
  EXPECT_NEAR(GrowthExponent({{10, 100}, {100, 10'000}}), 2, 1e-9);
}

TEST(GrowthExponent, FollowsMostOfThePointsWhereOneIsOff) {
  const double fit = GrowthExponent(
      {{1'000, 1'000}, {3'000, 3'300}, {10'000, 10'000}, {30'000, 30'000}, {100'000, 100'000}});
  EXPECT_NEAR(fit, 1, 0.02);
}

TEST(GrowthExponent, IsZeroForOneSizeAlone) {
  EXPECT_EQ(GrowthExponent({{1'000, 5}, {1'000, 6}}), 0);
  EXPECT_EQ(GrowthExponent({}), 0);
}

}  // namespace
}  // namespace innkeeper
