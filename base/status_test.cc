#include "base/status.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace innkeeper {
namespace {

absl::StatusOr<int> Half(int number) {
  if (number % 2 != 0) return absl::InvalidArgumentError("odd");
  return number / 2;
}

absl::StatusOr<int> Quarter(int number) {
  ASSIGN_OR_RETURN(const int half, Half(number));
  ASSIGN_OR_RETURN(const int quarter, Half(half));
  return quarter;
}

TEST(AssignOrReturn, PassesTheValueOnAndTheFirstErrorUp) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(6).status(), absl::InvalidArgumentError("odd"));
}

TEST(ReturnIfError, EvaluatesItsExpressionOnce) {
  int calls = 0;
  const auto run = [&]() -> absl::Status {
    RETURN_IF_ERROR((++calls, absl::OkStatus()));
    RETURN_IF_ERROR(absl::AbortedError("second"));
    return absl::OkStatus();
  };
  EXPECT_EQ(run(), absl::AbortedError("second"));
  EXPECT_EQ(calls, 1);
}

TEST(Annotate, PutsTheContextInFrontAndKeepsCodeAndPayloads) {
  absl::Status status = absl::NotFoundError("no such host");
  status.SetPayload("reason", absl::Cord("HostMissing"));
  const absl::Status annotated = Annotate(status, "find a.example.test");
  EXPECT_EQ(ToText(annotated), "NOT_FOUND: find a.example.test: no such host");
  EXPECT_EQ(annotated.GetPayload("reason"), absl::Cord("HostMissing"));
}

TEST(Annotate, LeavesOkAlone) { EXPECT_TRUE(Annotate(absl::OkStatus(), "context").ok()); }

TEST(IsRetryable, IsTrueForExactlyFourCodes) {
  int retryable = 0;
  for (int code = 0; code <= 16; ++code) {
    retryable += IsRetryable(absl::Status(static_cast<absl::StatusCode>(code), "")) ? 1 : 0;
  }
  EXPECT_EQ(retryable, 4);
  EXPECT_TRUE(IsRetryable(absl::UnavailableError("")));
  EXPECT_TRUE(IsRetryable(absl::DeadlineExceededError("")));
  EXPECT_TRUE(IsRetryable(absl::ResourceExhaustedError("")));
  EXPECT_TRUE(IsRetryable(absl::AbortedError("")));
}

TEST(ErrnoStatus, MapsWhatTheCallerCanActOn) {
  EXPECT_EQ(ErrnoStatus(ENOENT, "open x"),
            absl::NotFoundError("open x: No such file or directory"));
  EXPECT_TRUE(absl::IsPermissionDenied(ErrnoStatus(EACCES, "")));
  EXPECT_TRUE(absl::IsAlreadyExists(ErrnoStatus(EEXIST, "")));
  EXPECT_TRUE(absl::IsResourceExhausted(ErrnoStatus(ENOSPC, "")));
  EXPECT_TRUE(absl::IsUnavailable(ErrnoStatus(ECONNREFUSED, "")));
  EXPECT_TRUE(absl::IsInternal(ErrnoStatus(EXDEV, "")));
}

}  // namespace
}  // namespace innkeeper
