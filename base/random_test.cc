#include "base/random.h"

#include <gtest/gtest.h>

#include <set>

namespace innkeeper {
namespace {

TEST(SystemRandom, StaysBelowItsBoundAndReachesEveryValue) {
  SystemRandom random;
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.Below(5));
  EXPECT_EQ(seen, (std::set<uint64_t>{0, 1, 2, 3, 4}));  // misses one with probability 1e-96
}

TEST(SystemRandom, DrawsFromTheWholeRange) {
  SystemRandom random;
  uint64_t bits = 0;
  for (int i = 0; i < 200; ++i) bits |= random.Below(UINT64_MAX);
  EXPECT_EQ(bits, UINT64_MAX);
  EXPECT_EQ(random.Below(1), 0u);
}

TEST(RandomHex, GivesTwoLowerCaseDigitsPerByteAndNeverTheSameTwice) {
  const std::string text = RandomHex(16);
  EXPECT_EQ(text.size(), 32u);
  EXPECT_EQ(text.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(text, RandomHex(16));
}

}  // namespace
}  // namespace innkeeper
