#include "coordinator/ipa/ipa_errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/ipa/testing/scripted_ipa.h"

namespace innkeeper {
namespace {

using testing::HasSubstr;

struct Row {
  int code;
  absl::StatusCode status;
};

TEST(IpaErrors, GiveEachCodeTheContractsStatus) {
  const Row rows[] = {
      {901, absl::StatusCode::kInvalidArgument},     {903, absl::StatusCode::kUnavailable},
      {904, absl::StatusCode::kUnavailable},         {905, absl::StatusCode::kInvalidArgument},
      {907, absl::StatusCode::kUnavailable},         {909, absl::StatusCode::kInvalidArgument},
      {911, absl::StatusCode::kInvalidArgument},     {1000, absl::StatusCode::kUnavailable},
      {1107, absl::StatusCode::kUnavailable},        {1202, absl::StatusCode::kPermissionDenied},
      {2100, absl::StatusCode::kPermissionDenied},   {3005, absl::StatusCode::kInvalidArgument},
      {3009, absl::StatusCode::kInvalidArgument},    {4001, absl::StatusCode::kNotFound},
      {4002, absl::StatusCode::kAlreadyExists},      {4010, absl::StatusCode::kFailedPrecondition},
      {4016, absl::StatusCode::kUnavailable},        {4019, absl::StatusCode::kInvalidArgument},
      {4026, absl::StatusCode::kFailedPrecondition}, {4201, absl::StatusCode::kAborted},
      {4202, absl::StatusCode::kFailedPrecondition}, {4203, absl::StatusCode::kUnavailable},
      {4204, absl::StatusCode::kResourceExhausted},  {4211, absl::StatusCode::kUnavailable},
      {4215, absl::StatusCode::kResourceExhausted},  {4301, absl::StatusCode::kUnavailable},
      {4401, absl::StatusCode::kInvalidArgument},    {777777, absl::StatusCode::kInternal}};
  for (const Row& row : rows)
    EXPECT_EQ(StatusOf({row.code, "N", "m", ""}).code(), row.status) << row.code;
}

TEST(IpaErrors, SayWhichFailuresMayHaveLeftSomethingBehind) {
  EXPECT_FALSE(LeavesNothingBehind(ClassOf(904)));
  EXPECT_FALSE(LeavesNothingBehind(ClassOf(4211)));
  EXPECT_FALSE(LeavesNothingBehind(ClassOf(12345)));
  for (const int code : {1101, 2100, 3009, 4001, 4002, 4010, 4201, 4202})
    EXPECT_TRUE(LeavesNothingBehind(ClassOf(code))) << code;
}

TEST(IpaErrors, TellTheTwoUnauthorizedFormsThatALoginRepairsFromARefusal) {
  EXPECT_TRUE(NeedsLogin(SessionExpired()));
  EXPECT_TRUE(NeedsLogin(CookieUnknown()));
  EXPECT_FALSE(NeedsLogin(LoginRefused("account disabled")));
  EXPECT_FALSE(NeedsLogin(ServerError(500)));
  EXPECT_TRUE(absl::IsPermissionDenied(HttpProblem(LoginRefused("account disabled"))));
  EXPECT_TRUE(absl::IsUnavailable(HttpProblem(ServerError(500))));
  EXPECT_TRUE(absl::IsUnavailable(HttpProblem(ServerError(503))));
  EXPECT_TRUE(absl::IsInternal(HttpProblem(ServerError(400))));
}

TEST(IpaErrors, ExplainARefusedLogin) {
  EXPECT_TRUE(LoginProblem(LoginAccepted("x"), "svc").ok());
  const absl::Status expired = LoginProblem(LoginRefused("password-expired"), "svc");
  EXPECT_TRUE(absl::IsPermissionDenied(expired));
  EXPECT_THAT(std::string(expired.message()), HasSubstr("has expired"));
  const absl::Status wrong = LoginProblem(LoginRefused("invalid-password"), "svc");
  EXPECT_THAT(std::string(wrong.message()), HasSubstr("locked"));
  EXPECT_TRUE(absl::IsUnavailable(LoginProblem(ServerError(500), "svc")));
  EXPECT_TRUE(absl::IsUnavailable(LoginProblem(CookieUnknown(), "svc")))
      << "a ticket that one server does not take is no reason to stop at all";
  EXPECT_TRUE(absl::IsInternal(LoginProblem(ServerError(400), "svc")));
}

TEST(IpaErrors, DoNotRepeatAReasonThatIsNotAWord) {
  const absl::Status odd = LoginProblem(LoginRefused("<script>\x1b[31m"), "svc");
  EXPECT_THAT(std::string(odd.message()), HasSubstr("unnamed reason"));
}

}  // namespace
}  // namespace innkeeper
