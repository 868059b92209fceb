#include "coordinator/kube/events.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "base/testing/fake_clock.h"
#include "base/text.h"
#include "coordinator/kube/testing/fake_kube_client.h"

namespace innkeeper {
namespace {

using nlohmann::json;

const KubeKind kEvents{"", "v1", "events"};

class KubeEventsTest : public testing::Test {
 protected:
  static KubeEvent Event(const std::string& reason, const std::string& message = "m") {
    return {"innkeeper.dev/v1alpha1", "Guest", "lab", "web", "uid-web", false, reason, message};
  }
  void Start(KubeEvents::Options options = {}) {
    events_.emplace(client_, clock_, std::move(options));
  }
  void AwaitDone(uint64_t count) {
    while (events_->Written() + events_->Drops() < count) std::this_thread::yield();
  }
  std::vector<json> Stored() {
    std::vector<json> stored;
    const auto version = client_.List(
        {.kind = kEvents},
        [&](KubeChange, std::string_view object) {
          stored.push_back(json::parse(object));
          return absl::OkStatus();
        },
        Call::Within(std::chrono::seconds(20)));
    EXPECT_TRUE(version.ok());
    return stored;
  }
  FakeClock clock_;
  FakeKubeServer server_{
      clock_, {{.kind = kEvents, .name = "Event", .status = false, .generation = false}}};
  FakeKubeClient client_{server_};
  std::optional<KubeEvents> events_;
};

TEST_F(KubeEventsTest, TellsWhatKubectlDescribeShows) {
  Start({.instance = "pod-1"});
  KubeEvent event = Event("Conflict", "line\none \x1b[31m");
  event.warning = true;
  events_->Record(event);
  AwaitDone(1);
  ASSERT_EQ(Stored().size(), 1u);
  const json stored = Stored()[0];
  EXPECT_EQ(stored["involvedObject"]["uid"], "uid-web");
  EXPECT_EQ(stored["involvedObject"]["kind"], "Guest");
  EXPECT_EQ(stored["metadata"]["namespace"], "lab");
  EXPECT_EQ(stored["type"], "Warning");
  EXPECT_EQ(stored["reason"], "Conflict");
  EXPECT_EQ(stored["message"].get<std::string>().find('\x1b'), std::string::npos);
  EXPECT_EQ(stored["reportingInstance"], "pod-1");
}

TEST_F(KubeEventsTest, RepetitionsAreCounted) {
  Start();
  for (int i = 0; i < 3; ++i) events_->Record(Event("Retry"));
  events_->Record(Event("Retry", "another"));
  AwaitDone(4);
  ASSERT_EQ(Stored().size(), 2u);
  EXPECT_EQ(Stored()[0]["count"].get<int>() + Stored()[1]["count"].get<int>(), 4);
}

TEST_F(KubeEventsTest, WhatTheServerHasForgottenIsToldAnew) {
  Start();
  events_->Record(Event("Retry"));
  AwaitDone(1);
  const std::string name = Stored()[0]["metadata"]["name"];
  ASSERT_TRUE(
      client_.Delete({kEvents, "lab", name}, {}, Call::Within(std::chrono::seconds(20))).ok());
  events_->Record(Event("Retry"));
  AwaitDone(2);
  ASSERT_EQ(Stored().size(), 1u);
  EXPECT_EQ(Stored()[0]["count"], 1);
}

TEST_F(KubeEventsTest, AFloodOfOneObjectIsDammedAndCounted) {
  Start({.burst = 3, .refill = std::chrono::minutes(5)});
  for (int i = 0; i < 10; ++i) events_->Record(Event("R", std::to_string(i)));
  AwaitDone(10);
  EXPECT_EQ(events_->Written(), 3u);
  EXPECT_EQ(events_->Drops(), 7u);
  KubeEvent other = Event("R");
  other.uid = "uid-db";
  events_->Record(other);
  AwaitDone(11);
  EXPECT_EQ(events_->Written(), 4u) << "another object has a measure of its own";
  clock_.Advance(std::chrono::minutes(5));
  events_->Record(Event("R", "later"));
  AwaitDone(12);
  EXPECT_EQ(events_->Written(), 5u);
}

TEST_F(KubeEventsTest, AnOutageDropsAndNeverBlocks) {
  client_.CutOff();
  Start({.queue = 5});
  for (int i = 0; i < 200; ++i) events_->Record(Event("R", std::to_string(i)));
  AwaitDone(200);
  EXPECT_EQ(events_->Drops(), 200u);
}

TEST_F(KubeEventsTest, ALongMessageIsCutToWhatTheServerTakes) {
  Start();
  std::string message = "x";
  for (int i = 0; i < 600; ++i) message += "\u00e9";
  events_->Record(Event("R", message));
  AwaitDone(1);
  const std::string stored = Stored()[0]["message"];
  EXPECT_LE(stored.size(), 1'000u);
  EXPECT_TRUE(IsUtf8(stored));
}

}  // namespace
}  // namespace innkeeper
