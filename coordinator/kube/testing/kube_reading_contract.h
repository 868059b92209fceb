#pragma once
// The part of KubeClient's contract (kube_client_contract.h) that lists and watches.

#include "coordinator/kube/testing/kube_contract_fixture.h"

namespace innkeeper {

TEST_P(KubeClientContract, SelectorsChooseByLabelsAndFields) {
  for (const auto& [name, colour, node] :
       {std::tuple("a", "red", "n1"), {"b", "blue", "n2"}, {"c", "", "n1"}}) {
    Json widget = Widget(name, {{"node", node}});
    if (*colour != '\0') widget["metadata"]["labels"] = {{"colour", colour}};
    Made(widget);
  }
  using testing::ElementsAre;
  const auto by = [&](const std::string& labels, const std::string& fields) {
    KubeCollection which = All();
    which.label_selector = labels;
    which.field_selector = fields;
    return Names(which);
  };
  EXPECT_THAT(by("", ""), ElementsAre("a", "b", "c"));
  EXPECT_THAT(by("colour=red", ""), ElementsAre("a"));
  EXPECT_THAT(by("colour!=red", ""), ElementsAre("b", "c"));
  EXPECT_THAT(by("colour", ""), ElementsAre("a", "b"));
  EXPECT_THAT(by("!colour", ""), ElementsAre("c"));
  EXPECT_THAT(by("colour in (red,blue),colour notin (red)", ""), ElementsAre("b"));
  EXPECT_THAT(by("", "metadata.name=b"), ElementsAre("b"));
  EXPECT_THAT(by("", "metadata.name!=b,metadata.namespace=" + ns_), ElementsAre("a", "c"));
  EXPECT_THAT(by("", "spec.node=n1"), ElementsAre("a", "c"));
  const absl::Status bad =
      client_
          ->List(
              {.kind = server_->Widgets(), .ns = ns_, .field_selector = "spec.x=1"},
              [](KubeChange, std::string_view) { return absl::OkStatus(); }, AnyCall())
          .status();
  EXPECT_TRUE(absl::IsInvalidArgument(bad)) << bad;
}

TEST_P(KubeClientContract, AListOfManyPagesIsWholeAndFollowedByItsWatch) {
  std::vector<std::string> made;
  for (int i = 10; i < 23; ++i) {
    made.push_back("w" + std::to_string(i));
    Made(Widget(made.back()));
  }
  EXPECT_EQ(Names(All()), made);
  const std::string version = ListVersion();
  Made(Widget("late", {{"a", 1}}));
  EXPECT_THAT(Watched(All(), {.resource_version = version}, 1),
              testing::ElementsAre(testing::Pair(KubeChange::kAdded, "late=1")));
}

TEST_P(KubeClientContract, TextsAreFollowedByReadableBytes) {
  Made(Widget("a"));
  int sum = 0;
  const auto version = client_->List(
      All(),
      [&](KubeChange, std::string_view object) {
        for (size_t i = 0; i < 64; ++i) sum += object.data()[object.size() + i] != 'x' ? 1 : 0;
        return absl::OkStatus();
      },
      AnyCall());
  EXPECT_TRUE(version.ok());
  EXPECT_EQ(sum, 64);
}

TEST_P(KubeClientContract, AnErrorOfTheSinkEndsAListAndIsReturned) {
  Made(Widget("a"));
  Made(Widget("b"));
  int seen = 0;
  const auto version = client_->List(
      All(),
      [&](KubeChange, std::string_view) {
        ++seen;
        return absl::DataLossError("enough");
      },
      AnyCall());
  EXPECT_EQ(version.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(seen, 1);
}

TEST_P(KubeClientContract, AWatchTellsEveryChangeInOrder) {
  const std::string start = ListVersion();
  Made(Widget("a", {{"a", 1}}));
  Made(Widget("b", {{"a", 1}}));
  ASSERT_TRUE(Merge("a", {{"spec", {{"a", 2}}}}).ok());
  ASSERT_TRUE(client_->Delete(Path("a"), {}, AnyCall()).ok());
  EXPECT_THAT(Watched(All(), {.resource_version = start}, 4),
              testing::ElementsAre(testing::Pair(KubeChange::kAdded, "a=1"),
                                   testing::Pair(KubeChange::kAdded, "b=1"),
                                   testing::Pair(KubeChange::kModified, "a=2"),
                                   testing::Pair(KubeChange::kDeleted, "a=2")));
}

TEST_P(KubeClientContract, WhatLeavesASelectorIsDeletedForItsWatch) {
  KubeCollection red = All();
  red.label_selector = "colour=red";
  const std::string start = ListVersion();
  Made(Widget("a", {{"a", 1}}));
  ASSERT_TRUE(Merge("a", {{"metadata", {{"labels", {{"colour", "red"}}}}}}).ok());
  ASSERT_TRUE(Merge("a", {{"metadata", {{"labels", {{"colour", "blue"}}}}}}).ok());
  EXPECT_THAT(Watched(red, {.resource_version = start}, 2),
              testing::ElementsAre(testing::Pair(KubeChange::kAdded, "a=1"),
                                   testing::Pair(KubeChange::kDeleted, "a=1")));
}

TEST_P(KubeClientContract, AStreamingListEndsWithItsBookmark) {
  Made(Widget("a"));
  Made(Widget("b"));
  std::vector<std::string> seen;
  const absl::Status ended = client_->Watch(
      All(), {.initial_events = true},
      [&](KubeChange change, std::string_view object) {
        const Json parsed = Json::parse(object);
        if (change == KubeChange::kAdded) seen.push_back(Say(parsed));
        if (change != KubeChange::kBookmark) return absl::OkStatus();
        EXPECT_NE(Version(parsed), "");
        EXPECT_EQ(parsed["metadata"]["annotations"].value("k8s.io/initial-events-end", ""), "true");
        return absl::DataLossError("enough");
      },
      AnyCall());
  EXPECT_EQ(ended.code(), absl::StatusCode::kDataLoss) << ended;
  EXPECT_THAT(seen, testing::UnorderedElementsAre("a", "b"));
}

TEST_P(KubeClientContract, AVersionThatWasCompactedAwayIsOutOfRange) {
  const std::string start = ListVersion();
  Made(Widget("a"));
  server_->Compact();
  const absl::Status ended = client_->Watch(
      All(), {.resource_version = start},
      [](KubeChange, std::string_view) { return absl::OkStatus(); },
      Call::Within(std::chrono::seconds(20)));
  EXPECT_TRUE(absl::IsOutOfRange(ended)) << ended;
}

TEST_P(KubeClientContract, AWatchEndsAtItsDeadlineOrWhenItIsStopped) {
  const KubeSink ignore = [](KubeChange, std::string_view) { return absl::OkStatus(); };
  const std::string start = ListVersion();
  EXPECT_TRUE(absl::IsDeadlineExceeded(client_->Watch(
      All(), {.resource_version = start}, ignore, Call::Within(std::chrono::milliseconds(300)))));
  Made(Widget("a"));
  std::stop_source stop;
  const KubeSink stopping = [&](KubeChange, std::string_view) {
    stop.request_stop();
    return absl::OkStatus();
  };
  EXPECT_TRUE(
      absl::IsCancelled(client_->Watch(All(), {.resource_version = start}, stopping,
                                       Call::Within(std::chrono::seconds(60), stop.get_token()))));
}

}  // namespace innkeeper
