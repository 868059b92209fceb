#include "base/http_server/proto_json.h"

#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/type.pb.h>

#include "base/testing/captured_log.h"

namespace innkeeper {
namespace {

using google::protobuf::Field;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(HttpStatusOf, IsOneForEachCode) {
  EXPECT_EQ(HttpStatusOf(absl::StatusCode::kOk), 200);
  EXPECT_EQ(HttpStatusOf(absl::StatusCode::kInvalidArgument), 400);
  EXPECT_EQ(HttpStatusOf(absl::StatusCode::kUnauthenticated), 401);
  EXPECT_EQ(HttpStatusOf(absl::StatusCode::kPermissionDenied), 403);
  EXPECT_EQ(HttpStatusOf(absl::StatusCode::kNotFound), 404);
  EXPECT_EQ(HttpStatusOf(absl::StatusCode::kAlreadyExists), 409);
  EXPECT_EQ(HttpStatusOf(absl::StatusCode::kFailedPrecondition), 409);
  EXPECT_EQ(HttpStatusOf(absl::StatusCode::kResourceExhausted), 429);
  EXPECT_EQ(HttpStatusOf(absl::StatusCode::kInternal), 500);
  EXPECT_EQ(HttpStatusOf(absl::StatusCode::kDataLoss), 500);
  EXPECT_EQ(HttpStatusOf(absl::StatusCode::kUnavailable), 503);
  EXPECT_EQ(HttpStatusOf(absl::StatusCode::kDeadlineExceeded), 504);
}

TEST(ErrorReply, TellsCodeAndMessage) {
  const HttpServerReply reply = ErrorReply(absl::NotFoundError("no guest \"web\""));
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.body, R"({"error":{"code":"NOT_FOUND","message":"no guest \"web\""}})");
}

TEST(ErrorReply, KeepsWhatWentWrongInsideForOurOwnLog) {
  CapturedLog log;
  const HttpServerReply reply = ErrorReply(absl::InternalError("row 7 of /var/lib is odd"));
  EXPECT_EQ(reply.status, 500);
  EXPECT_THAT(reply.body, Not(HasSubstr("row 7")));
  EXPECT_TRUE(log.Contains("row 7"));
}

TEST(ErrorReply, SurvivesAMessageThatIsNotUtf8) {
  EXPECT_THAT(ErrorReply(absl::InvalidArgumentError("bad \xff byte")).body, HasSubstr("bad "));
}

TEST(JsonReply, IsReadBackAsItWas) {
  Field field;
  field.set_name("web");
  field.set_json_name("b");
  const HttpServerReply reply = JsonReply(field);
  EXPECT_EQ(reply.body, R"({"name":"web","jsonName":"b"})");
  Field again;
  ASSERT_TRUE(ParseJsonBody(reply.body, &again).ok());
  EXPECT_EQ(again.name(), "web");
}

TEST(ParseJsonBody, TakesAnEmptyBodyAsAnEmptyMessage) {
  Field field;
  EXPECT_TRUE(ParseJsonBody("", &field).ok());
}

TEST(ParseJsonBody, RefusesOtherJsonAndUnknownFields) {
  for (const char* body : {"{", "[]", "7", "{\"nmae\": \"a typing error\"}", "{\"number\": \"x\"}",
                           "{\"number\": 99999999999}", "{}{}"}) {
    Field field;
    EXPECT_TRUE(absl::IsInvalidArgument(ParseJsonBody(body, &field))) << body;
  }
}

TEST(ParseJsonBody, RefusesADeepTreeBeforeReadingIt) {
  google::protobuf::Value value;
  EXPECT_TRUE(ParseJsonBody(std::string(20, '[') + std::string(20, ']'), &value).ok());
  EXPECT_TRUE(ParseJsonBody("\"" + std::string(65, '[') + "\\\"[\"", &value).ok());
  const absl::Status refused = ParseJsonBody(std::string(1'000'000, '['), &value);
  EXPECT_TRUE(absl::IsInvalidArgument(refused));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("nested too deeply"));
}

}  // namespace
}  // namespace innkeeper
