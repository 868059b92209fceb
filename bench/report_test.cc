#include "bench/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace innkeeper {
namespace {

Figure AtMost(double value, double goal) {
  return {"P1", "what", "1 ms", "2 ms", value, Bound::kAtMost, goal};
}
Figure AtLeast(double value, double goal) {
  return {"P1", "what", "1 ms", "2 ms", value, Bound::kAtLeast, goal};
}

TEST(BenchReport, TakesTheMiddleAndTheNearestRank) {
  EXPECT_EQ(Median({}), 0);
  EXPECT_EQ(Median({3, 1, 2}), 2);
  EXPECT_EQ(Median({4, 1, 2, 3}), 2.5);
  EXPECT_EQ(Percentile({}, 0.99), 0);
  EXPECT_EQ(Percentile({5, 1, 4, 2, 3}, 0.5), 3);
  EXPECT_EQ(Percentile({5, 1, 4, 2, 3}, 0.99), 5);
  EXPECT_EQ(Percentile({7}, 0), 7);
}

TEST(BenchReport, ComparesWithinEachRound) {
  // The machine became ten times slower after the first round.
  const Rounds rounds{{2, 20, 20}, {1, 10, 10}};
  EXPECT_EQ(rounds.Ratio(), 2);
  EXPECT_EQ((Rounds{{1, 9}, {0, 3}}.Ratio()), 3) << "a peer without a figure counts for nothing";
}

TEST(BenchReport, JudgesBothDirectionsWithAFifthOfTolerance) {
  EXPECT_EQ(Judge(AtMost(2.0, 2)), Verdict::kMet);
  EXPECT_EQ(Judge(AtMost(2.5, 2)), Verdict::kNear);
  EXPECT_EQ(Judge(AtMost(2.51, 2)), Verdict::kMissed);
  EXPECT_EQ(Judge(AtLeast(5.0, 5)), Verdict::kMet);
  EXPECT_EQ(Judge(AtLeast(4.0, 5)), Verdict::kNear);
  EXPECT_EQ(Judge(AtLeast(3.99, 5)), Verdict::kMissed);
}

TEST(BenchReport, PassesUnlessAFigureIsMissed) {
  Report report;
  EXPECT_TRUE(report.Passes());
  report.Add(AtMost(1, 2));
  report.Add(AtLeast(4.5, 5));
  EXPECT_TRUE(report.Passes());
  report.Add(AtMost(9, 2));
  EXPECT_FALSE(report.Passes());
}

TEST(BenchReport, PrintsEveryFigureWithItsRawRatio) {
  Report report;
  report.Add(AtLeast(1.789, 5));
  report.Note("machine: busy");
  EXPECT_THAT(report.Text(), testing::HasSubstr("1.79x"));
  EXPECT_THAT(report.Text(), testing::HasSubstr(">= 5.00x"));
  EXPECT_THAT(report.Text(), testing::HasSubstr("MISSED"));
  EXPECT_THAT(report.Text(), testing::EndsWith("machine: busy\n"));
  EXPECT_EQ(Short(0.1234), "0.123");
  EXPECT_EQ(Short(1234.5), "1234");
}

}  // namespace
}  // namespace innkeeper
