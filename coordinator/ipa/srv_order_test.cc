#include "coordinator/ipa/srv_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

namespace innkeeper {
namespace {

// The same draws in every run.
class SeededRandom final : public Random {
 public:
  uint64_t Below(uint64_t bound) override {
    return std::uniform_int_distribution<uint64_t>(0, bound - 1)(engine_);
  }

 private:
  std::mt19937_64 engine_{20261124};
};

SrvRecord Server(const std::string& name, uint16_t priority, uint16_t weight) {
  return {name, 389, priority, weight};
}

std::map<std::string, double> ShareOfFirstPlaces(const std::vector<SrvRecord>& records) {
  SeededRandom random;
  constexpr int kDraws = 100'000;
  std::map<std::string, double> share;
  for (int i = 0; i < kDraws; ++i) share[OrderServers(records, random)[0].target] += 1.0 / kDraws;
  return share;
}

TEST(SrvOrder, PutsLowerPrioritiesFirst) {
  SeededRandom random;
  for (int i = 0; i < 100; ++i) {
    const auto order =
        OrderServers({Server("c", 20, 100), Server("a", 0, 1), Server("b", 10, 60000)}, random);
    EXPECT_EQ(order[0].target, "a");
    EXPECT_EQ(order[1].target, "b");
    EXPECT_EQ(order[2].target, "c");
  }
}

TEST(SrvOrder, DrawsAmongEqualsByWeightWithinFivePercent) {
  const auto share =
      ShareOfFirstPlaces({Server("a", 0, 10'000), Server("b", 0, 30'000), Server("c", 0, 60'000)});
  EXPECT_NEAR(share.at("a"), 0.1, 0.1 * 0.05);
  EXPECT_NEAR(share.at("b"), 0.3, 0.3 * 0.05);
  EXPECT_NEAR(share.at("c"), 0.6, 0.6 * 0.05);
}

TEST(SrvOrder, GivesTheSecondPlaceByWeightToo) {
  SeededRandom random;
  constexpr int kDraws = 100'000;
  double b_after_a = 0, a_first = 0;
  for (int i = 0; i < kDraws; ++i) {
    const auto order = OrderServers(
        {Server("a", 0, 60'000), Server("b", 0, 30'000), Server("c", 0, 10'000)}, random);
    if (order[0].target != "a") continue;
    ++a_first;
    if (order[1].target == "b") ++b_after_a;
  }
  EXPECT_NEAR(b_after_a / a_first, 0.75, 0.75 * 0.05);
}

TEST(SrvOrder, GivesAWeightOfZeroASmallChance) {
  const auto share = ShareOfFirstPlaces({Server("zero", 0, 0), Server("heavy", 0, 99)});
  EXPECT_NEAR(share.at("zero"), 0.01, 0.002);
}

TEST(SrvOrder, KeepsEveryServerExactlyOnce) {
  SeededRandom random;
  std::vector<SrvRecord> records;
  for (uint16_t i = 0; i < 200; ++i)
    records.push_back(Server("h" + std::to_string(i), i % 3, i % 7));
  auto order = OrderServers(records, random);
  std::sort(order.begin(), order.end());
  std::sort(records.begin(), records.end());
  EXPECT_EQ(order, records);
  EXPECT_TRUE(OrderServers({}, random).empty());
}

}  // namespace
}  // namespace innkeeper
