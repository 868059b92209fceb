#pragma once
// What every KubeClient promises. Include it in the test of one, and instantiate with a maker:
//
//   INSTANTIATE_TEST_SUITE_P(Fake, KubeClientContract, testing::Values([] { return MakeFake(); }));

#include "coordinator/kube/testing/kube_contract_fixture.h"
#include "coordinator/kube/testing/kube_reading_contract.h"

namespace innkeeper {

TEST_P(KubeClientContract, ACreatedObjectGetsItsIdentityFromTheServer) {
  Json widget = Widget("a", {{"a", 1}});
  widget["status"] = {{"ready", true}};
  const Json made = Made(widget);
  EXPECT_NE(made["metadata"].value("uid", ""), "");
  EXPECT_NE(Version(made), "");
  EXPECT_NE(made["metadata"].value("creationTimestamp", ""), "");
  EXPECT_EQ(made["metadata"].value("generation", 0), 1);
  EXPECT_FALSE(made.contains("status")) << "the status is written through its own path only";
  EXPECT_EQ(Stored("a")["metadata"]["uid"], made["metadata"]["uid"]);
}

TEST_P(KubeClientContract, AServerNamesWhatOnlySaysHowItsNameBegins) {
  Json widget = Widget("");
  widget["metadata"].erase("name");
  widget["metadata"]["generateName"] = "some-";
  const Json made = Parsed(client_->Create(Path(""), widget.dump(), {}, AnyCall()));
  const std::string name = made["metadata"].value("name", "");
  EXPECT_TRUE(name.starts_with("some-") && name.size() > 5) << name;
  EXPECT_EQ(Version(Stored(name)), Version(made));
}

TEST_P(KubeClientContract, NamesAreTakenOnceAndAbsenceHasItsOwnCode) {
  Made(Widget("a"));
  EXPECT_TRUE(absl::IsAlreadyExists(
      client_->Create(Path("a"), Widget("a").dump(), {}, AnyCall()).status()));
  Json other = Widget("b");
  other["metadata"]["resourceVersion"] = "1";
  EXPECT_TRUE(absl::IsNotFound(client_->Get(Path("b"), AnyCall()).status()));
  EXPECT_TRUE(absl::IsNotFound(client_->Replace(Path("b"), other.dump(), {}, AnyCall()).status()));
  EXPECT_TRUE(absl::IsNotFound(Merge("b", {{"spec", {{"a", 1}}}})));
  EXPECT_TRUE(absl::IsNotFound(client_->Delete(Path("b"), {}, AnyCall())));
  KubePath unknown = Path("a");
  unknown.kind.plural = "gadgets";
  EXPECT_TRUE(absl::IsNotFound(client_->Get(unknown, AnyCall()).status()));
}

TEST_P(KubeClientContract, APathWithoutANameIsNotThatOfAllObjects) {
  Made(Widget("a"));
  EXPECT_TRUE(absl::IsInvalidArgument(client_->Delete(Path(""), {}, AnyCall())));
  EXPECT_TRUE(absl::IsInvalidArgument(client_->Get(Path(""), AnyCall()).status()));
  EXPECT_EQ(Names(All()).size(), 1u);
}

TEST_P(KubeClientContract, AFailureTellsTheServersReason) {
  const absl::Status status = client_->Get(Path("b"), AnyCall()).status();
  const auto failure = FindKubeFailure(status);
  ASSERT_TRUE(failure) << status;
  EXPECT_EQ(failure->code, 404);
  EXPECT_EQ(failure->reason, "NotFound");
}

TEST_P(KubeClientContract, OnlyTheNewestVersionCanBeReplaced) {
  const Json first = Made(Widget("a", {{"a", 1}}));
  Json second = first;
  second["spec"]["a"] = 2;
  EXPECT_NE(Version(Put(second)), Version(first));
  Json late = first;
  late["spec"]["a"] = 3;
  EXPECT_TRUE(absl::IsAborted(client_->Replace(Path("a"), late.dump(), {}, AnyCall()).status()));
  EXPECT_EQ(Stored("a")["spec"]["a"], 2);
  late["metadata"].erase("resourceVersion");
  EXPECT_TRUE(
      absl::IsInvalidArgument(client_->Replace(Path("a"), late.dump(), {}, AnyCall()).status()));
}

TEST_P(KubeClientContract, AnotherObjectOfTheSameNameIsNotReplaced) {
  const Json first = Made(Widget("a"));
  ASSERT_TRUE(client_->Delete(Path("a"), {}, AnyCall()).ok());
  Json again = Made(Widget("a"));
  again["metadata"]["uid"] = first["metadata"]["uid"];
  again["spec"]["a"] = 1;
  EXPECT_TRUE(absl::IsAborted(client_->Replace(Path("a"), again.dump(), {}, AnyCall()).status()));
}

TEST_P(KubeClientContract, SpecAndStatusAreWrittenApart) {
  Json widget = Made(Widget("a", {{"a", 1}}));
  widget["status"] = {{"ready", true}};
  widget["spec"]["a"] = 2;
  widget = Put(widget, "status");
  EXPECT_EQ(widget["spec"]["a"], 1);
  EXPECT_EQ(widget["status"]["ready"], true);
  EXPECT_EQ(widget["metadata"]["generation"], 1) << "the status has no generation";
  widget["spec"]["a"] = 3;
  widget["status"]["ready"] = false;
  widget = Put(widget);
  EXPECT_EQ(widget["spec"]["a"], 3);
  EXPECT_EQ(widget["status"]["ready"], true);
  EXPECT_EQ(widget["metadata"]["generation"], 2);
}

TEST_P(KubeClientContract, LabelsHaveNoGeneration) {
  Made(Widget("a"));
  ASSERT_TRUE(Merge("a", {{"metadata", {{"labels", {{"k", "v"}}}}}}).ok());
  EXPECT_EQ(Stored("a")["metadata"]["generation"], 1);
}

TEST_P(KubeClientContract, AWriteThatChangesNothingIsNoNewVersion) {
  const Json made = Made(Widget("a", {{"a", 1}}));
  EXPECT_EQ(Version(Put(made)), Version(made));
  EXPECT_TRUE(Merge("a", {{"spec", {{"a", 1}}}}).ok());
  EXPECT_EQ(Version(Stored("a")), Version(made));
}

TEST_P(KubeClientContract, AJsonPatchWhoseTestDoesNotHoldIsAborted) {
  Made(Widget("a", {{"a", 1}}));
  const Json wrong = {{{"op", "test"}, {"path", "/spec/a"}, {"value", 7}},
                      {{"op", "replace"}, {"path", "/spec/a"}, {"value", 2}}};
  const absl::Status aborted = JsonPatch("a", wrong);
  EXPECT_TRUE(absl::IsAborted(aborted)) << aborted;
  const Json missing = {{{"op", "test"}, {"path", "/metadata/finalizers"}, {"value", {"x/y"}}},
                        {{"op", "remove"}, {"path", "/metadata/finalizers"}}};
  const absl::Status absent = JsonPatch("a", missing);
  EXPECT_TRUE(absl::IsAborted(absent)) << absent;
  const Json right = {{{"op", "test"}, {"path", "/spec/a"}, {"value", 1}},
                      {{"op", "replace"}, {"path", "/spec/a"}, {"value", 2}}};
  EXPECT_TRUE(JsonPatch("a", right).ok());
  EXPECT_EQ(Stored("a")["spec"]["a"], 2);
}

TEST_P(KubeClientContract, AMergePatchTakesFieldsAwayAndMayNameTheVersion) {
  const Json made = Made(Widget("a", {{"a", 1}, {"b", 2}}));
  ASSERT_TRUE(Merge("a", {{"spec", {{"b", nullptr}, {"c", 3}}}}).ok());
  EXPECT_EQ(Stored("a")["spec"], (Json{{"a", 1}, {"c", 3}}));
  EXPECT_TRUE(absl::IsAborted(
      Merge("a", {{"metadata", {{"resourceVersion", Version(made)}}}, {"spec", {{"c", 4}}}})));
  EXPECT_TRUE(absl::IsInvalidArgument(
      client_->Patch(Path("a"), KubePatch::kMerge, "[1", {}, AnyCall()).status()));
}

TEST_P(KubeClientContract, FinalizersHoldWhatIsBeingDeleted) {
  Json widget = Widget("a");
  widget["metadata"]["finalizers"] = {"test.innkeeper.dev/one", "test.innkeeper.dev/two"};
  Made(widget);
  ASSERT_TRUE(client_->Delete(Path("a"), {}, AnyCall()).ok());
  const Json held = Stored("a");
  EXPECT_NE(held["metadata"].value("deletionTimestamp", ""), "");
  EXPECT_EQ(held["metadata"]["generation"], 2);
  EXPECT_TRUE(client_->Delete(Path("a"), {}, AnyCall()).ok());
  EXPECT_EQ(Version(Stored("a")), Version(held));
  EXPECT_TRUE(absl::IsInvalidArgument(
      Merge("a", {{"metadata", {{"finalizers", {"test.innkeeper.dev/three"}}}}})));
  ASSERT_TRUE(Merge("a", {{"metadata", {{"finalizers", {"test.innkeeper.dev/two"}}}}}).ok());
  ASSERT_TRUE(JsonPatch("a", {{{"op", "test"},
                               {"path", "/metadata/finalizers"},
                               {"value", {"test.innkeeper.dev/two"}}},
                              {{"op", "remove"}, {"path", "/metadata/finalizers"}}})
                  .ok());
  EXPECT_TRUE(absl::IsNotFound(client_->Get(Path("a"), AnyCall()).status()));
}

TEST_P(KubeClientContract, ADeletionHoldsItsPreconditions) {
  const Json made = Made(Widget("a"));
  ASSERT_TRUE(Merge("a", {{"spec", {{"a", 1}}}}).ok());
  const std::string uid = made["metadata"]["uid"];
  EXPECT_TRUE(absl::IsAborted(client_->Delete(Path("a"), {.uid = "another"}, AnyCall())));
  EXPECT_TRUE(absl::IsAborted(
      client_->Delete(Path("a"), {.uid = uid, .resource_version = Version(made)}, AnyCall())));
  EXPECT_TRUE(client_->Delete(Path("a"), {uid, Version(Stored("a"))}, AnyCall()).ok());
}

TEST_P(KubeClientContract, ADryRunLeavesNothing) {
  EXPECT_TRUE(client_->Create(Path("a"), Widget("a").dump(), {.dry_run = true}, AnyCall()).ok());
  EXPECT_TRUE(absl::IsNotFound(client_->Get(Path("a"), AnyCall()).status()));
  const Json made = Made(Widget("a", {{"a", 1}}));
  const Json patched = Parsed(client_->Patch(Path("a"), KubePatch::kMerge, R"({"spec":{"a":2}})",
                                             {.dry_run = true}, AnyCall()));
  EXPECT_EQ(patched["spec"]["a"], 2);
  EXPECT_EQ(Version(Stored("a")), Version(made));
}

TEST_P(KubeClientContract, ApplyOwnsTheFieldsItNames) {
  const auto other = server_->Client("gardener");
  Parsed(client_->Apply(Path("a"), Widget("a", {{"a", 1}, {"b", 1}}).dump(), {}, AnyCall()));
  Parsed(other->Apply(Path("a"), Widget("a", {{"c", 1}}).dump(), {}, AnyCall()));
  const absl::Status conflict =
      other->Apply(Path("a"), Widget("a", {{"a", 2}, {"c", 1}}).dump(), {}, AnyCall()).status();
  EXPECT_TRUE(absl::IsAborted(conflict)) << conflict;
  // b is named no longer, and nobody else's: it goes. c is the other's: it stays.
  Parsed(client_->Apply(Path("a"), Widget("a", {{"a", 3}}).dump(), {}, AnyCall()));
  EXPECT_EQ(Stored("a")["spec"], (Json{{"a", 3}, {"c", 1}}));
  Parsed(other->Apply(Path("a"), Widget("a", {{"a", 4}, {"c", 1}}).dump(), {.force = true},
                      AnyCall()));
  EXPECT_EQ(Stored("a")["spec"]["a"], 4);
  EXPECT_TRUE(absl::IsAborted(
      client_->Apply(Path("a"), Widget("a", {{"a", 5}}).dump(), {}, AnyCall()).status()));
}

}  // namespace innkeeper
