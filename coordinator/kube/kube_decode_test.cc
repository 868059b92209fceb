#include "coordinator/kube/kube_decode.h"

#include <gmock/gmock.h>

#include <utility>
#include <vector>

#include "coordinator/kube/kube_failure.h"

namespace innkeeper {
namespace {

using testing::ElementsAre;
using testing::Pair;

using Seen = std::vector<std::pair<KubeChange, std::string>>;

KubeSink Into(Seen& seen) {
  return [&seen](KubeChange change, std::string_view object) {
    seen.emplace_back(change, std::string(object));
    return absl::OkStatus();
  };
}

absl::StatusOr<KubePage> Page(std::string body, Seen& seen) { return DecodePage(body, Into(seen)); }

TEST(DecodePage, HandsItemsOverAsTheyStandThereInAnyOrderOfKeys) {
  const std::string items = R"("items":[{"a":{"b":[1,2]}}, {"c":"}]"}])";
  const std::string metadata = R"("metadata":{"continue":"tok\u00e9n","resourceVersion":"17"})";
  for (const std::string& body :
       {"{" + items + "," + metadata + "}", "{\"kind\":\"L\"," + metadata + "," + items + "}"}) {
    Seen seen;
    const auto page = Page(body, seen);
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_EQ(page->resource_version, "17");
    EXPECT_EQ(page->next, "tok\u00e9n");
    EXPECT_THAT(seen, ElementsAre(Pair(KubeChange::kAdded, R"({"a":{"b":[1,2]}})"),
                                  Pair(KubeChange::kAdded, R"({"c":"}]"})")));
  }
}

TEST(DecodePage, AnEmptyListMayBeNull) {
  Seen seen;
  EXPECT_TRUE(Page(R"({"metadata":{"resourceVersion":"1"},"items":null})", seen).ok());
  EXPECT_TRUE(Page(R"({"metadata":{"resourceVersion":"1"},"items":[]})", seen).ok());
  EXPECT_TRUE(seen.empty());
}

TEST(DecodePage, WhatIsNoListIsUnavailable) {
  for (const char* body :
       {"", "{", "[]", "<html>", "{}", R"({"items":[]})", R"({"items":[],"metadata":{}})",
        R"({"items":[1],"metadata":{"resourceVersion":"1"}})",
        R"({"items":[{"a":1},"metadata":{"resourceVersion":"1"}})",
        R"({"items":[{"a":1}],"metadata":{"resourceVersion":1}})",
        R"({"items":{},"metadata":{"resourceVersion":"1"}})",
        "{\"items\":[{\"a\":\"\xff\"}],\"metadata\":{\"resourceVersion\":\"1\"}}"}) {
    Seen seen;
    const auto page = Page(body, seen);
    EXPECT_TRUE(absl::IsUnavailable(page.status())) << body << " " << page.status();
  }
}

TEST(DecodePage, EveryCutIsNoticed) {
  const std::string whole =
      R"({"kind":"L","metadata":{"resourceVersion":"7"},"items":[{"a":1},{"b":{"c":[]}}]})";
  for (size_t size = 0; size < whole.size(); ++size) {
    Seen seen;
    EXPECT_FALSE(Page(whole.substr(0, size), seen).ok()) << size;
  }
}

TEST(DecodePage, ReturnsTheErrorOfTheSink) {
  std::string body = R"({"items":[{},{}],"metadata":{"resourceVersion":"1"}})";
  int calls = 0;
  const auto page = DecodePage(body, [&](KubeChange, std::string_view) {
    ++calls;
    return absl::DataLossError("x");
  });
  EXPECT_EQ(page.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(calls, 1);
}

constexpr char kEvents[] =
    "{\"type\":\"ADDED\",\"object\":{\"n\":\"a\"}}\n"
    "{\"object\":{\"n\":{\"x\":[\"}\"]}},\"type\":\"MODIFIED\"}\n\n"
    "{\"type\":\"BOOKMARK\",\"object\":{}}\r\n"
    "{\"type\":\"DELETED\",\"object\":{\"n\":\"a\"}}\n";

TEST(WatchDecoder, TakesEventsInPiecesOfAnySize) {
  const std::string text = kEvents;
  for (size_t piece = 1; piece <= text.size(); ++piece) {
    Seen seen;
    const KubeSink sink = Into(seen);
    WatchDecoder decoder(sink, 1 << 20);
    for (size_t at = 0; at < text.size(); at += piece) {
      const std::string part = text.substr(at, piece);
      ASSERT_TRUE(decoder.Feed(part.data(), part.size()).ok());
    }
    EXPECT_TRUE(decoder.End().ok());
    EXPECT_THAT(seen, ElementsAre(Pair(KubeChange::kAdded, R"({"n":"a"})"),
                                  Pair(KubeChange::kModified, R"({"n":{"x":["}"]}})"),
                                  Pair(KubeChange::kBookmark, "{}"),
                                  Pair(KubeChange::kDeleted, R"({"n":"a"})")));
  }
}

absl::Status Fed(const std::string& text, size_t cap = 1 << 20) {
  Seen seen;
  const KubeSink sink = Into(seen);
  WatchDecoder decoder(sink, cap);
  RETURN_IF_ERROR(decoder.Feed(text.data(), text.size()));
  return decoder.End();
}

TEST(WatchDecoder, AnEventThatIsCutIsNotHandedOver) {
  EXPECT_TRUE(absl::IsUnavailable(Fed(R"({"type":"ADDED","object":{}})")));
}

TEST(WatchDecoder, AnErrorOfTheServerIsAStatus) {
  const absl::Status expired =
      Fed("{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\","
          "\"message\":\"too old resource version\"}}\n");
  EXPECT_TRUE(absl::IsOutOfRange(expired)) << expired;
  EXPECT_EQ(FindKubeFailure(expired)->reason, "Expired");
  EXPECT_TRUE(absl::IsUnavailable(Fed("{\"type\":\"ERROR\",\"object\":{\"code\":\"x\"}}\n")));
}

TEST(WatchDecoder, WhatIsNoEventIsUnavailable) {
  for (const char* line :
       {"x\n", "{}\n", "[]\n", "{\"type\":\"ADDED\"}\n", "{\"type\":\"ADDED\",\"object\":[]}\n",
        "{\"type\":\"CHANGED\",\"object\":{}}\n", "{\"object\":{}}\n",
        "{\"type\":7,\"object\":{}}\n", "{\"type\":\"ADDED\",\"object\":{\n"}) {
    EXPECT_TRUE(absl::IsUnavailable(Fed(line))) << line << Fed(line);
  }
}

TEST(WatchDecoder, AnEventOverTheCapEndsItWhetherItIsCompleteOrNot) {
  const std::string large = R"({"type":"ADDED","object":{"x":")" + std::string(200, 'x') + "\"}}\n";
  EXPECT_TRUE(Fed(large, 300).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(Fed(large, 200)));
  EXPECT_TRUE(absl::IsResourceExhausted(Fed(std::string(201, 'x'), 200)));
}

}  // namespace
}  // namespace innkeeper
