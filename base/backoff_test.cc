#include "base/backoff.h"

#include <gtest/gtest.h>

#include "base/testing/fake_random.h"

namespace innkeeper {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Backoff::Limits kLimits{.first = seconds(1), .most = seconds(5)};

TEST(Backoff, DoublesItsCeilingUpToTheLimit) {
  FakeRandom largest;
  Backoff backoff(kLimits, largest);
  EXPECT_EQ(backoff.Next(), seconds(1));
  EXPECT_EQ(backoff.Next(), seconds(2));
  EXPECT_EQ(backoff.Next(), seconds(4));
  EXPECT_EQ(backoff.Next(), seconds(5));
  EXPECT_EQ(backoff.Next(), seconds(5));
}

TEST(Backoff, NeverWaitsLessThanATenthOfTheCeiling) {
  FakeRandom smallest;
  smallest.Draw(0);
  Backoff backoff(kLimits, smallest);
  EXPECT_EQ(backoff.Next(), milliseconds(100));
  EXPECT_EQ(backoff.Next(), milliseconds(200));
}

TEST(Backoff, StartsAnewAfterAReset) {
  FakeRandom largest;
  Backoff backoff(kLimits, largest);
  backoff.Next();
  backoff.Next();
  backoff.Reset();
  EXPECT_EQ(backoff.Next(), seconds(1));
}

TEST(Backoff, SpreadsPeersThatFailTogether) {
  SystemRandom random;
  Backoff one(kLimits, random);
  Backoff other(kLimits, random);
  EXPECT_NE(one.Next(), other.Next());  // equal with probability 1e-9
}

}  // namespace
}  // namespace innkeeper
