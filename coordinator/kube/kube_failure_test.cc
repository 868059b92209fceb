#include "coordinator/kube/kube_failure.h"

#include <gtest/gtest.h>

namespace innkeeper {
namespace {

absl::StatusCode CodeOf(int code, const std::string& reason = "", const std::string& message = "") {
  return KubeStatus({.code = code, .reason = reason, .message = message}, "get x").code();
}

TEST(KubeStatus, MapsEachAnswerToTheCodeThatIsPromised) {
  EXPECT_EQ(CodeOf(400), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(401), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(CodeOf(403, "Forbidden"), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(CodeOf(404, "NotFound"), absl::StatusCode::kNotFound);
  EXPECT_EQ(CodeOf(409, "AlreadyExists"), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(CodeOf(409, "Conflict"), absl::StatusCode::kAborted);
  EXPECT_EQ(CodeOf(410, "Gone"), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(CodeOf(410, "Expired"), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(CodeOf(413), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(422, "Invalid"), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(429), absl::StatusCode::kResourceExhausted);
  for (const int code : {500, 502, 503, 504}) {
    EXPECT_EQ(CodeOf(code), absl::StatusCode::kUnavailable) << code;
  }
  EXPECT_EQ(CodeOf(302), absl::StatusCode::kInternal);
}

TEST(KubeStatus, AQuotaIsNoLackOfRights) {
  EXPECT_EQ(
      CodeOf(403, "Forbidden", "pods \"a\" is forbidden: exceeded quota: small, requested: 1"),
      absl::StatusCode::kResourceExhausted);
}

TEST(KubeStatus, CarriesWhatTheServerSaidThroughAnnotate) {
  const KubeFailure said = ParseKubeFailure(
      429, R"({"kind":"Status","status":"Failure","reason":"TooManyRequests","message":"slow down",
      "details":{"retryAfterSeconds":7,"causes":[{"reason":"X","field":"a.b","message":"m"}]}})");
  const absl::Status status = Annotate(KubeStatus(said, "list pods"), "start");
  EXPECT_EQ(ToText(status), "RESOURCE_EXHAUSTED: start: list pods: 429 TooManyRequests: slow down");
  const std::optional<KubeFailure> found = FindKubeFailure(status);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->code, 429);
  EXPECT_EQ(found->reason, "TooManyRequests");
  EXPECT_EQ(found->retry_after, std::chrono::seconds(7));
  ASSERT_EQ(found->causes.size(), 1u);
  EXPECT_EQ(found->causes[0].field, "a.b");
  EXPECT_FALSE(FindKubeFailure(absl::UnavailableError("no connection")));
}

TEST(ParseKubeFailure, TakesAnyTextOfAProxyAndMakesItPrintable) {
  const KubeFailure said = ParseKubeFailure(502, "<h1>Bad\x1b[31m Gateway</h1>");
  EXPECT_EQ(said.code, 502);
  EXPECT_EQ(said.reason, "");
  EXPECT_EQ(said.message.find('\x1b'), std::string::npos);
  EXPECT_EQ(ParseKubeFailure(500, std::string(1 << 20, 'x')).message.size(), 1024u);
}

TEST(ParseKubeFailure, SurvivesAStatusOfWrongTypes) {
  const KubeFailure said = ParseKubeFailure(
      409, R"({"kind":"Status","reason":5,"message":null,"details":{"causes":[1,{"reason":[]}],
      "retryAfterSeconds":"soon"}})");
  EXPECT_EQ(said.reason, "");
  EXPECT_EQ(said.retry_after, Duration::zero());
  EXPECT_EQ(said.causes.size(), 1u);
  EXPECT_EQ(
      ParseKubeFailure(429, R"({"kind":"Status","details":{"retryAfterSeconds":-5}})").retry_after,
      Duration::zero());
}

}  // namespace
}  // namespace innkeeper
