#include "base/http_server/router.h"

#include <gmock/gmock.h>

namespace innkeeper {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(PercentDecode, DecodesEscapesAndLeavesTheRest) {
  EXPECT_EQ(PercentDecode("a%2Fb%c3%A4+c", false), "a/b\xc3\xa4+c");
  EXPECT_EQ(PercentDecode("a+b%2Bc", true), "a b+c");
  EXPECT_EQ(PercentDecode("", true), "");
}

TEST(PercentDecode, RefusesBrokenEscapesNulBytesAndInvalidUtf8) {
  for (const char* text :
       {"%", "%4", "a%", "%zz", "%g0", "%00", "a%00b", "%ff", "%c0%af", "%ed%a0%80"}) {
    EXPECT_EQ(PercentDecode(text, false), std::nullopt) << text;
  }
}

TEST(ParseTarget, SplitsPathAndQuery) {
  const std::optional<Target> target = ParseTarget("/v1/guests/a%2Fb/?wait=true&q=a+b%26&flag");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/v1/guests/a/b/");
  EXPECT_THAT(target->segments, ElementsAre("v1", "guests", "a/b", ""));
  EXPECT_THAT(target->query,
              ElementsAre(Pair("flag", ""), Pair("q", "a b&"), Pair("wait", "true")));
}

TEST(ParseTarget, RefusesOtherForms) {
  for (const char* text :
       {"", "*", "http://host/x", "host:443", "v1", "/%zz", "/a?b=%zz", "/a?%zz"}) {
    EXPECT_FALSE(ParseTarget(text)) << text;
  }
}

TEST(ParseTarget, RefusesAKeyThatComesTwice) {
  EXPECT_FALSE(ParseTarget("/a?force=false&force=true"));
  EXPECT_FALSE(ParseTarget("/a?force=false&f%6Frce=true"));
}

TEST(ParseTarget, RefusesMorePartsThanAnyRouteHas) {
  std::string path, query = "/a?";
  for (int i = 0; i < 65; ++i) {
    path += "/x";
    query += std::to_string(i) + "=&";
  }
  EXPECT_FALSE(ParseTarget(path));
  EXPECT_FALSE(ParseTarget(query));
}

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    for (const char* route : {"GET /v1/guests", "POST /v1/guests", "GET /v1/guests/{space}/{name}",
                              "POST /v1/guests/{space}/{name}:enroll", "GET /"}) {
      const std::string text = route;
      const size_t blank = text.find(' ');
      router_.Add(text.substr(0, blank), text.substr(blank + 1),
                  [text](const auto&, const Call&) { return HttpServerReply{.body = text}; });
    }
  }
  Router::Match Find(const std::string& method, const std::string& path) {
    return router_.Find(method, ParseTarget(path)->segments);
  }
  std::string RouteOf(const std::string& method, const std::string& path) {
    const Router::Match match = Find(method, path);
    return match.handler == nullptr ? "" : (*match.handler)({}, Call{}).body;
  }
  Router router_;
};

TEST_F(RouterTest, FindsTheHandlerOfMethodAndPath) {
  EXPECT_EQ(RouteOf("GET", "/v1/guests"), "GET /v1/guests");
  EXPECT_EQ(RouteOf("POST", "/v1/guests"), "POST /v1/guests");
  EXPECT_EQ(RouteOf("GET", "/"), "GET /");
}

TEST_F(RouterTest, CapturesDecodedSegments) {
  EXPECT_THAT(Find("GET", "/v1/guests/team%20a/w%2Fb").captured,
              ElementsAre(Pair("name", "w/b"), Pair("space", "team a")));
}

TEST_F(RouterTest, CapturesWhatStandsBeforeAVerb) {
  EXPECT_EQ(RouteOf("POST", "/v1/guests/a/web:enroll"), "POST /v1/guests/{space}/{name}:enroll");
  EXPECT_THAT(Find("POST", "/v1/guests/a/web:enroll").captured,
              ElementsAre(Pair("name", "web"), Pair("space", "a")));
  EXPECT_EQ(RouteOf("POST", "/v1/guests/a/:enroll"), "");
  EXPECT_EQ(RouteOf("POST", "/v1/guests/a/web"), "");
}

TEST_F(RouterTest, AnswersHeadByTheHandlerOfGet) {
  EXPECT_EQ(RouteOf("HEAD", "/v1/guests"), "GET /v1/guests");
}

TEST_F(RouterTest, CapturesNoEmptySegmentAndNoMoreThanOne) {
  EXPECT_EQ(RouteOf("GET", "/v1/guests/a/"), "");
  EXPECT_EQ(RouteOf("GET", "/v1/guests//b"), "");
  EXPECT_EQ(RouteOf("GET", "/v1/guests/a/b/c"), "");
  EXPECT_EQ(RouteOf("GET", "/v1/guests/"), "");
}

// A proxy may have resolved these; here they are names like others.
TEST_F(RouterTest, ResolvesNoDots) { EXPECT_EQ(RouteOf("GET", "/v1/x/../guests"), ""); }

TEST_F(RouterTest, TellsTheMethodsOfAPath) {
  EXPECT_EQ(Find("PUT", "/v1/guests").allowed, "GET, HEAD, POST");
  EXPECT_THAT(Find("PUT", "/v1/nothing").allowed, IsEmpty());
}

}  // namespace
}  // namespace innkeeper
