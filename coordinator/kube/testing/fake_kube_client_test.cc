// The contract on the fake, and what only the fake can do.

#include "coordinator/kube/testing/fake_kube_client.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/http_client/http_client.h"
#include "base/testing/fake_clock.h"
#include "coordinator/kube/testing/kube_client_contract.h"

namespace innkeeper {
namespace {

using nlohmann::json;

const KubeKind kWidgets{"test.innkeeper.dev", "v1", "widgets"};

class FakeUnderTest final : public KubeUnderTest {
 public:
  std::unique_ptr<KubeClient> Client(const std::string& manager) override {
    return std::make_unique<FakeKubeClient>(server_, manager);
  }
  KubeKind Widgets() override { return kWidgets; }
  std::string FreshNamespace() override { return "lab"; }
  void Compact() override { server_.Compact(); }

 private:
  FakeClock clock_;
  FakeKubeServer server_{clock_,
                         {{.kind = kWidgets, .name = "Widget", .selectable = {"spec.node"}}}};
};

INSTANTIATE_TEST_SUITE_P(Fake, KubeClientContract,
                         testing::Values([] { return std::make_unique<FakeUnderTest>(); }));

class FakeKubeClientTest : public testing::Test {
 protected:
  static Call AnyCall() { return Call::Within(std::chrono::seconds(20)); }
  static KubePath Path(const std::string& name) { return {kWidgets, "lab", name}; }
  absl::Status Create(KubeClient& client, const std::string& name, json metadata = json::object()) {
    metadata["name"] = name;
    return client.Create(Path(name), json{{"metadata", metadata}}.dump(), {}, AnyCall()).status();
  }
  FakeClock clock_;
  FakeKubeServer server_{clock_, {{.kind = kWidgets, .name = "Widget"}}};
  FakeKubeClient client_{server_}, other_{server_, "other"};
};

TEST_F(FakeKubeClientTest, ALostAnswerHasHappened) {
  client_.Fail({.failure = absl::UnavailableError("cut"), .when = FakeKubeFault::When::kAfter});
  const absl::Status lost = Create(client_, "a");
  EXPECT_TRUE(absl::IsUnavailable(lost));
  EXPECT_TRUE(WasSent(lost));
  EXPECT_TRUE(client_.Get(Path("a"), AnyCall()).ok());
}

TEST_F(FakeKubeClientTest, AFaultIsOfOneVerbAndKindAndOneClientAndEnds) {
  client_.Fail({.failure = KubeStatus({.code = 429, .retry_after = std::chrono::seconds(3)}, "x"),
                .verb = KubeVerb::kCreate,
                .plural = "widgets",
                .times = 2});
  EXPECT_TRUE(absl::IsNotFound(client_.Get(Path("a"), AnyCall()).status()));
  EXPECT_TRUE(Create(other_, "b").ok());
  EXPECT_EQ(FindKubeFailure(Create(client_, "a"))->retry_after, std::chrono::seconds(3));
  EXPECT_TRUE(absl::IsResourceExhausted(Create(client_, "a")));
  EXPECT_TRUE(Create(client_, "a").ok());
  EXPECT_EQ(client_.Requests(KubeVerb::kCreate), 3);
}

TEST_F(FakeKubeClientTest, WhoIsCutOffReachesNobodyUntilHealed) {
  client_.CutOff();
  EXPECT_TRUE(absl::IsUnavailable(Create(client_, "a")));
  EXPECT_TRUE(absl::IsUnavailable(Create(client_, "a")));
  client_.Heal();
  EXPECT_TRUE(Create(client_, "a").ok());
}

TEST_F(FakeKubeClientTest, AListCanBreakHalfWay) {
  for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(Create(client_, name).ok());
  client_.Fail({.failure = KubeStatus({.code = 410, .reason = "Expired"}, "x"),
                .verb = KubeVerb::kList,
                .after_objects = 2});
  int seen = 0;
  const auto version = client_.List(
      {.kind = kWidgets},
      [&](KubeChange, std::string_view) {
        ++seen;
        return absl::OkStatus();
      },
      AnyCall());
  EXPECT_TRUE(absl::IsOutOfRange(version.status()));
  EXPECT_EQ(seen, 2);
}

TEST_F(FakeKubeClientTest, AnotherWriterCanComeBetween) {
  ASSERT_TRUE(Create(client_, "a").ok());
  const std::string read = client_.Get(Path("a"), AnyCall()).value();
  server_.BeforeNextWrite([&] {
    EXPECT_TRUE(
        other_.Patch(Path("a"), KubePatch::kMerge, R"({"spec":{"x":1}})", {}, AnyCall()).ok());
  });
  EXPECT_TRUE(absl::IsAborted(client_.Replace(Path("a"), read, {}, AnyCall()).status()));
}

TEST_F(FakeKubeClientTest, HeldWatchesLagBehind) {
  server_.HoldWatches();
  ASSERT_TRUE(Create(client_, "a").ok());
  int seen = 0;
  const KubeSink sink = [&](KubeChange, std::string_view) {
    ++seen;
    return absl::DataLossError("enough");
  };
  const KubeWatch from{.resource_version = "1"};
  EXPECT_TRUE(absl::IsDeadlineExceeded(
      client_.Watch({.kind = kWidgets}, from, sink, Call::Within(std::chrono::milliseconds(50)))));
  server_.ReleaseWatches();
  EXPECT_EQ(client_.Watch({.kind = kWidgets}, from, sink, AnyCall()).code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(seen, 1);
}

TEST_F(FakeKubeClientTest, WatchesEndInEachOfTheirWays) {
  using End = FakeKubeServer::WatchEnd;
  for (const auto& [how, code] : {std::pair(End::kCut, absl::StatusCode::kUnavailable),
                                  {End::kTimeout, absl::StatusCode::kOk},
                                  {End::kExpired, absl::StatusCode::kOutOfRange}}) {
    const absl::Status ended = client_.Watch(
        {.kind = kWidgets}, {.initial_events = true},
        [&, end = how](KubeChange, std::string_view) {
          server_.EndWatches(end);
          return absl::OkStatus();
        },
        AnyCall());
    EXPECT_EQ(ended.code(), code) << ended;
  }
  EXPECT_EQ(server_.Watches(), 0u);
}

TEST_F(FakeKubeClientTest, AnOldServerRefusesStreamingLists) {
  server_.SetStreamingLists(false);
  EXPECT_TRUE(absl::IsInvalidArgument(client_.Watch(
      {.kind = kWidgets}, {.initial_events = true},
      [](KubeChange, std::string_view) { return absl::OkStatus(); }, AnyCall())));
}

TEST_F(FakeKubeClientTest, TheGarbageCollectorTakesWhatHasNoOwnerLeft) {
  ASSERT_TRUE(Create(client_, "vm").ok());
  const std::string uid =
      json::parse(client_.Get(Path("vm"), AnyCall()).value())["metadata"]["uid"];
  ASSERT_TRUE(Create(client_, "guest", {{"ownerReferences", {{{"uid", uid}}}}}).ok());
  server_.CollectGarbage();
  EXPECT_EQ(server_.Count(kWidgets), 2u);
  ASSERT_TRUE(client_.Delete(Path("vm"), {}, AnyCall()).ok());
  server_.CollectGarbage();
  EXPECT_EQ(server_.Count(kWidgets), 0u);
}

TEST(FakeKubeServerTest, AdmissionMayChangeAndRefuse) {
  FakeClock clock;
  const auto admit = [](json& object) -> absl::Status {
    object["spec"]["admitted"] = true;
    if (object["metadata"]["name"] == "bad")
      return KubeStatus({.code = 422, .reason = "Invalid"}, "admission");
    return absl::OkStatus();
  };
  FakeKubeServer server(clock, {{.kind = kWidgets, .name = "Widget", .admit = admit}});
  FakeKubeClient client(server);
  const Call call = Call::Within(std::chrono::seconds(20));
  const auto made = client.Create({kWidgets, "lab", "good"}, "{}", {}, call);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(json::parse(*made)["spec"]["admitted"], true);
  EXPECT_TRUE(
      absl::IsInvalidArgument(client.Create({kWidgets, "lab", "bad"}, "{}", {}, call).status()));
}

}  // namespace
}  // namespace innkeeper
