#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/http_answer.h"
#include "bench/pacing.h"

namespace innkeeper {
namespace {

using std::chrono::milliseconds;

const MonotonicTime kBegin{std::chrono::seconds(100)};
MonotonicTime After(int64_t ms) { return kBegin + milliseconds(ms); }

TEST(Pacing, OffersEachRequestAtItsTime) {
  Pacing pacing(kBegin, milliseconds(2), 3);
  EXPECT_EQ(pacing.Take(After(0)), After(0));
  EXPECT_EQ(pacing.Take(After(1)), std::nullopt);
  EXPECT_EQ(pacing.Wait(After(1)), milliseconds(1));
  EXPECT_EQ(pacing.Take(After(2)), After(2));
  EXPECT_EQ(pacing.Take(After(4)), After(4));
  EXPECT_EQ(pacing.Take(After(99)), std::nullopt);
  EXPECT_EQ(pacing.Wait(After(99)), std::nullopt) << "all were taken";
}

TEST(Pacing, ASlowServerDoesNotSlowTheOfferDown) {
  Pacing pacing(kBegin, milliseconds(2), 10);
  EXPECT_EQ(pacing.Take(After(0)), After(0));
  // Its answer took 7 ms: three more have been waiting since they were due.
  EXPECT_EQ(pacing.Wait(After(7)), Duration::zero());
  EXPECT_EQ(pacing.Take(After(7)), After(2));
  EXPECT_EQ(pacing.Take(After(7)), After(4));
  EXPECT_EQ(pacing.Take(After(7)), After(6));
  EXPECT_EQ(pacing.Take(After(7)), std::nullopt);
}

TEST(Pacing, AClosedLoopWaitsForNobody) {
  Pacing pacing(kBegin, Duration::zero(), 2);
  EXPECT_EQ(pacing.Take(After(5)), After(5));
  EXPECT_EQ(pacing.Take(After(9)), After(9));
  EXPECT_EQ(pacing.Take(After(9)), std::nullopt);
}

TEST(HttpAnswers, EndWhereTheirLengthSays) {
  const std::string head = "HTTP/1.1 200 OK\r\nDate: today\r\ncontent-LENGTH:  4\r\n\r\n";
  for (size_t size = 0; size < head.size() + 4; ++size) {
    const auto found = FindAnswer((head + "body").substr(0, size));
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_FALSE(found->has_value()) << size;
  }
  const auto found = FindAnswer(head + "bodyHTTP/1.1 ");
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ((*found)->status, 200);
  EXPECT_EQ((*found)->body_at, head.size());
  EXPECT_EQ((*found)->size, head.size() + 4);
}

TEST(HttpAnswers, WithoutALengthAreNone) {
  EXPECT_FALSE(FindAnswer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").ok());
  EXPECT_FALSE(FindAnswer("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n").ok());
  EXPECT_FALSE(FindAnswer("SSH-2.0-nothing\r\nContent-Length: 0\r\n\r\n").ok());
  EXPECT_FALSE(FindAnswer("x\r\n\r\n").ok());
}

}  // namespace
}  // namespace innkeeper
