// What the client makes of a server that a test scripts, good or broken. The contract runs on a
// real server: kube_client_real_test.cc.

#include "coordinator/kube/http_kube_client.h"

#include <gmock/gmock.h>

#include <atomic>

#include "base/guarded.h"
#include "base/http_client/testing/tls_server.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_pki.h"

namespace innkeeper {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const KubeKind kVms{"kubevirt.io", "v1", "virtualmachines"};
const KubePath kWeb{kVms, "lab", "web"};
constexpr char kPath[] = "/apis/kubevirt.io/v1/namespaces/lab/virtualmachines";

std::string Http(int status, const std::string& body, const std::string& headers = "") {
  return "HTTP/1.1 " + std::to_string(status) +
         " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body;
}

std::string Chunk(const std::string& text) {
  char size[16];
  std::snprintf(size, sizeof size, "%zx\r\n", text.size());
  return size + text + "\r\n";
}
constexpr char kChunked[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

class HttpKubeClientTest : public testing::Test {
 protected:
  // Answers come in order; the last one is given for ever.
  void Serve(std::vector<TlsServer::Answer> answers) {
    server_ =
        std::make_unique<TlsServer>(authority_.Sign(), [this, answers](const HttpRequest& request) {
          seen_.With([&](auto& seen) { seen.push_back(request); });
          const size_t at = std::min(next_++, answers.size() - 1);
          return answers[at];
        });
  }
  std::unique_ptr<HttpKubeClient> Client(KubeAccess access = {},
                                         HttpKubeClient::Options options = {}) {
    access.server = "https://localhost:6443";
    if (access.ca_pem.empty()) access.ca_pem = authority_.certificate();
    access.unix_socket = server_->path();
    auto client = HttpKubeClient::Create(std::move(access), std::move(options), clock_);
    IK_CHECK(client.ok());
    return *std::move(client);
  }
  HttpRequest Seen(size_t at) {
    return seen_.With([&](auto& seen) { return seen.at(at); });
  }
  static std::string Header(const HttpRequest& request, const std::string& name) {
    for (const auto& [key, value] : request.headers) {
      if (key == name) return value;
    }
    return "";
  }
  static Call AnyCall() { return Call::Within(std::chrono::seconds(20)); }

  TestAuthority authority_;
  RealClock clock_;
  TempDir dir_;
  Guarded<std::vector<HttpRequest>> seen_;
  std::atomic<size_t> next_ = 0;
  std::unique_ptr<TlsServer> server_;
};

TEST_F(HttpKubeClientTest, EachVerbHasItsPathTypeAndQuery) {
  Serve({{Http(200, "{}")}});
  const auto client = Client();
  ASSERT_TRUE(client->Get(kWeb, AnyCall()).ok());
  ASSERT_TRUE(client->Create(kWeb, "{\"c\":1}", {.dry_run = true}, AnyCall()).ok());
  ASSERT_TRUE(client->Replace(kWeb, "{}", {}, AnyCall()).ok());
  ASSERT_TRUE(client->Patch(kWeb, KubePatch::kJson, "[]", {}, AnyCall()).ok());
  ASSERT_TRUE(client->Patch(kWeb, KubePatch::kMerge, "{}", {}, AnyCall()).ok());
  ASSERT_TRUE(client->Apply(kWeb, "{}", {.force = true}, AnyCall()).ok());
  ASSERT_TRUE(client->Delete(kWeb, {.uid = "u", .resource_version = "7"}, AnyCall()).ok());
  const std::string web = std::string(kPath) + "/web", by = "?fieldManager=innkeeper";
  const std::vector<std::vector<std::string>> expected{
      {"GET", web, ""},
      {"POST", kPath + by + "&dryRun=All", "application/json"},
      {"PUT", web + by, "application/json"},
      {"PATCH", web + by, "application/json-patch+json"},
      {"PATCH", web + by, "application/merge-patch+json"},
      {"PATCH", web + by + "&force=true", "application/apply-patch+yaml"},
      {"DELETE", web, "application/json"}};
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_THAT(expected[i],
                ElementsAre(Seen(i).method, Seen(i).url, Header(Seen(i), "Content-Type")));
  }
  EXPECT_EQ(Seen(1).body, "{\"c\":1}");
  EXPECT_THAT(Seen(6).body, HasSubstr(R"("preconditions":{"resourceVersion":"7","uid":"u"})"));
  EXPECT_EQ(Header(Seen(0), "User-Agent"), "innkeeper");
  EXPECT_EQ(Header(Seen(0), "Authorization"), "");
}

TEST_F(HttpKubeClientTest, ADeletionWithoutANameIsNotSent) {
  Serve({{Http(200, "{}")}});
  EXPECT_TRUE(absl::IsInvalidArgument(Client()->Delete({kVms, "lab", ""}, {}, AnyCall())));
  EXPECT_EQ(server_->requests(), 0);
}

TEST_F(HttpKubeClientTest, ATokenThatIsNotAcceptedIsReadAnewOnce) {
  Serve({{Http(200, "{}")}, {Http(401, "")}, {Http(200, "{}")}, {Http(401, "")}});
  const std::string file = dir_.Write("token", "one");
  const auto client = Client({.token_file = file});
  ASSERT_TRUE(client->Get(kWeb, AnyCall()).ok());
  dir_.Write("token", "two");
  ASSERT_TRUE(client->Get(kWeb, AnyCall()).ok());
  EXPECT_EQ(Header(Seen(1), "Authorization"), "Bearer one");
  EXPECT_EQ(Header(Seen(2), "Authorization"), "Bearer two");
  EXPECT_TRUE(absl::IsUnauthenticated(client->Get(kWeb, AnyCall()).status()));
  EXPECT_EQ(server_->requests(), 5);
}

TEST_F(HttpKubeClientTest, TooManyRequestsAreWaitedForWhenThereIsTime) {
  Serve({{Http(429, "", "Retry-After: 1\r\n")}, {Http(200, "{}")}});
  const auto client = Client();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(client->Get(kWeb, AnyCall()).ok());
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
}

TEST_F(HttpKubeClientTest, TooManyRequestsAreToldWhenThereIsNoTime) {
  Serve({{Http(429, "slow down", "Retry-After: 60\r\n")}});
  const absl::Status busy = Client()->Get(kWeb, AnyCall()).status();
  EXPECT_TRUE(absl::IsResourceExhausted(busy)) << busy;
  EXPECT_EQ(FindKubeFailure(busy)->retry_after, std::chrono::seconds(60));
  EXPECT_EQ(server_->requests(), 1);
}

TEST_F(HttpKubeClientTest, AStopEndsTheWait) {
  std::stop_source stop;
  server_ = std::make_unique<TlsServer>(authority_.Sign(), [&](const HttpRequest&) {
    stop.request_stop();
    return TlsServer::Answer{Http(429, "", "Retry-After: 50\r\n")};
  });
  const absl::Status stopped =
      Client()->Get(kWeb, Call::Within(std::chrono::seconds(100), stop.get_token())).status();
  EXPECT_TRUE(absl::IsCancelled(stopped)) << stopped;
}

TEST_F(HttpKubeClientTest, OnlyAMisfitOfAJsonPatchIsAborted) {
  const std::string invalid = R"({"kind":"Status","reason":"Invalid","message":"no",
      "details":{"causes":[{"field":"spec.a","message":"bad"}]}})";
  Serve({{Http(422, R"({"kind":"Status","reason":"Invalid","details":{}})")},
         {Http(422, invalid)},
         {Http(422, R"({"kind":"Status","reason":"Invalid","details":{}})")}});
  const auto client = Client();
  const absl::Status misfit = client->Patch(kWeb, KubePatch::kJson, "[]", {}, AnyCall()).status();
  EXPECT_TRUE(absl::IsAborted(misfit)) << misfit;
  EXPECT_EQ(FindKubeFailure(misfit)->code, 422);
  EXPECT_TRUE(
      absl::IsInvalidArgument(client->Patch(kWeb, KubePatch::kJson, "[]", {}, AnyCall()).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      client->Patch(kWeb, KubePatch::kMerge, "{}", {}, AnyCall()).status()));
}

TEST_F(HttpKubeClientTest, AWriteWhoseAnswerIsLostMayHaveHappened) {
  Serve({{"", TlsServer::Then::kCut}});
  const absl::Status lost = Client()->Create(kWeb, "{}", {}, AnyCall()).status();
  EXPECT_TRUE(absl::IsUnavailable(lost)) << lost;
  EXPECT_TRUE(WasSent(lost));
  EXPECT_EQ(server_->requests(), 1);
}

TEST_F(HttpKubeClientTest, AServerThatDoesNotVerifyGetsNoToken) {
  Serve({{Http(200, "{}")}});
  const absl::Status refused = Client({.ca_pem = TestAuthority("another").certificate(),
                                       .token = std::make_shared<const Secret>(std::string("t"))})
                                   ->Get(kWeb, AnyCall())
                                   .status();
  EXPECT_TRUE(absl::IsPermissionDenied(refused)) << refused;
  EXPECT_EQ(server_->requests(), 0);
}

TEST_F(HttpKubeClientTest, TheNameToVerifyMayBeAnother) {
  Serve({{Http(200, "{}")}});
  EXPECT_TRUE(Client({.tls_server_name = "localhost"})->Get(kWeb, AnyCall()).ok());
  EXPECT_TRUE(absl::IsPermissionDenied(
      Client({.tls_server_name = "api.test"})->Get(kWeb, AnyCall()).status()));
}

TEST_F(HttpKubeClientTest, AListFollowsItsPagesAndEndsWithTheFirstError) {
  const auto page = [](const std::string& next, const std::string& items) {
    return Http(200, R"({"metadata":{"resourceVersion":"9","continue":")" + next +
                         R"("},"items":[)" + items + "]}");
  };
  Serve({{page("a b", R"({"n":1},{"n":2})")},
         {page("", R"({"n":3})")},
         {page("c", R"({"n":1})")},
         {Http(410, R"({"kind":"Status","reason":"Expired"})")}});
  const auto client = Client({}, {.page_size = 2});
  std::vector<std::string> seen;
  const KubeSink sink = [&](KubeChange, std::string_view object) {
    seen.emplace_back(object);
    return absl::OkStatus();
  };
  const auto version = client->List({.kind = kVms, .ns = "lab"}, sink, AnyCall());
  ASSERT_TRUE(version.ok()) << version.status();
  EXPECT_EQ(*version, "9");
  EXPECT_THAT(seen, ElementsAre(R"({"n":1})", R"({"n":2})", R"({"n":3})"));
  EXPECT_EQ(Seen(0).url, std::string(kPath) + "?limit=2");
  EXPECT_EQ(Seen(1).url, std::string(kPath) + "?limit=2&continue=a%20b");
  EXPECT_TRUE(absl::IsOutOfRange(client->List({.kind = kVms}, sink, AnyCall()).status()));
}

TEST_F(HttpKubeClientTest, AnswersOverTheirCapsAreRefused) {
  Serve({{Http(200, std::string(2'000, ' '))}});
  const auto client = Client({}, {.object_cap = 1'000, .page_cap = 1'500});
  const KubeSink ignore = [](KubeChange, std::string_view) { return absl::OkStatus(); };
  EXPECT_TRUE(absl::IsResourceExhausted(client->Get(kWeb, AnyCall()).status()));
  EXPECT_TRUE(absl::IsResourceExhausted(client->List({.kind = kVms}, ignore, AnyCall()).status()));
}

class HttpKubeWatchTest : public HttpKubeClientTest {
 protected:
  absl::Status Watch(HttpKubeClient& client, const KubeWatch& from) {
    return client.Watch(
        {.kind = kVms, .ns = "lab"}, from,
        [&](KubeChange, std::string_view object) {
          objects_.emplace_back(object);
          return absl::OkStatus();
        },
        AnyCall());
  }
  std::vector<std::string> objects_;
};

TEST_F(HttpKubeWatchTest, AStreamThatTheServerEndsIsOk) {
  Serve(
      {{kChunked + Chunk("{\"type\":\"ADDED\",\"obj") + Chunk("ect\":{\"n\":1}}\n") + Chunk("")}});
  const auto client = Client();
  EXPECT_TRUE(Watch(*client, {.resource_version = "5"}).ok());
  EXPECT_THAT(objects_, ElementsAre("{\"n\":1}"));
  EXPECT_EQ(Seen(0).url, std::string(kPath) +
                             "?watch=true&allowWatchBookmarks=true&"
                             "timeoutSeconds=300&resourceVersion=5");
  EXPECT_TRUE(Watch(*client, {.initial_events = true}).ok());
  EXPECT_THAT(Seen(1).url, HasSubstr("&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"));
}

TEST_F(HttpKubeWatchTest, ACutIsUnavailableWhereverItIs) {
  const std::string event = "{\"type\":\"ADDED\",\"object\":{\"n\":1}}\n";
  Serve({{kChunked + Chunk(event), TlsServer::Then::kCut},
         {kChunked + Chunk(event) + Chunk("{\"type\":\"ADD"), TlsServer::Then::kCut},
         {kChunked + Chunk(event) + Chunk("{\"type\":\"ADD") + Chunk("")}});
  const auto client = Client();
  for (int i = 0; i < 3; ++i) {
    const absl::Status cut = Watch(*client, {.resource_version = "5"});
    EXPECT_TRUE(absl::IsUnavailable(cut)) << i << " " << cut;
  }
  EXPECT_EQ(objects_.size(), 3u);
}

TEST_F(HttpKubeWatchTest, AServerThatFallsSilentIsLeft) {
  Serve({{kChunked, TlsServer::Then::kHold}});
  const auto client = Client({}, {.watch_time = std::chrono::milliseconds(100),
                                  .watch_grace = std::chrono::milliseconds(100)});
  const absl::Status silent = Watch(*client, {.resource_version = "5"});
  EXPECT_TRUE(absl::IsUnavailable(silent)) << silent;
}

TEST_F(HttpKubeWatchTest, BothFormsOfAnExpiredVersionAreOutOfRange) {
  const std::string status = R"({"kind":"Status","code":410,"reason":"Expired","message":"old"})";
  Serve({{Http(410, status)},
         {kChunked + Chunk(R"({"type":"ERROR","object":)" + status + "}\n") + Chunk("")}});
  const auto client = Client();
  EXPECT_TRUE(absl::IsOutOfRange(Watch(*client, {.resource_version = "5"})));
  EXPECT_TRUE(absl::IsOutOfRange(Watch(*client, {.resource_version = "5"})));
}

TEST_F(HttpKubeWatchTest, AnEndlessEventIsCutOff) {
  Serve({{kChunked + Chunk(std::string(5'000, 'x'))}});
  const auto client = Client({}, {.event_cap = 4'000});
  EXPECT_TRUE(absl::IsResourceExhausted(Watch(*client, {.resource_version = "5"})));
}

}  // namespace
}  // namespace innkeeper
