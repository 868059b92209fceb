#pragma once
// What every home promises. Include it in the test of one, and instantiate with a maker:
//
//   INSTANTIATE_TEST_SUITE_P(Plain, HomeContract, testing::Values([] { return MakePlain(); }));

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <set>
#include <utility>

#include "coordinator/guests/home.h"
#include "coordinator/guests/node_reports.h"
#include "coordinator/guests/testing/full_guest.h"

namespace innkeeper {

// A home under test; whatever else it needs lives as long.
class HomeUnderTest {
 public:
  virtual ~HomeUnderTest() = default;
  virtual GuestStore& guests() = 0;
  virtual Recorder& recorder() = 0;
  virtual Operation& operation() = 0;  // allows two removals in its window
  virtual Vault& vault() = 0;
  virtual NodeStore& nodes() = 0;
};

class HomeContract
    : public testing::TestWithParam<std::function<std::unique_ptr<HomeUnderTest>()>> {
 protected:
  HomeContract() : home_(GetParam()()) {}
  static Call AnyCall() { return Call::Within(std::chrono::seconds(30)); }
  static Guest MakeGuest(const std::string& name) {
    Guest guest;
    guest.key = {"lab", name};
    guest.uid = {"uid-" + name};
    guest.spec.host_groups = {"web"};
    guest.created = absl::FromUnixSeconds(1'800'000'000);
    return guest;
  }
  Guest Made(const std::string& name) {
    const absl::StatusOr<Guest> made = home_->guests().Create(MakeGuest(name), AnyCall());
    EXPECT_TRUE(made.ok()) << made.status();
    return made.value_or(Guest{});
  }
  Guest Stored(const std::string& name) {
    const absl::StatusOr<Guest> guest = home_->guests().Get({"lab", name}, AnyCall());
    EXPECT_TRUE(guest.ok()) << guest.status();
    return guest.value_or(Guest{});
  }
  std::unique_ptr<HomeUnderTest> home_;
};

TEST_P(HomeContract, AGuestIsFoundByKeyAndByUid) {
  const Guest made = Made("web");
  EXPECT_GT(made.version, 0);
  EXPECT_EQ(Stored("web").version, made.version);
  EXPECT_EQ(Stored("web").spec.host_groups, made.spec.host_groups);
  EXPECT_EQ(Stored("web").created, made.created);
  EXPECT_EQ(home_->guests().GetByUid({"uid-web"}, AnyCall())->key, made.key);
  EXPECT_TRUE(absl::IsNotFound(home_->guests().Get({"lab", "db"}, AnyCall()).status()));
  EXPECT_TRUE(absl::IsNotFound(home_->guests().GetByUid({"uid-db"}, AnyCall()).status()));
}

TEST_P(HomeContract, NeitherKeyNorUidIsGivenTwice) {
  Made("web");
  EXPECT_TRUE(absl::IsAlreadyExists(home_->guests().Create(MakeGuest("web"), AnyCall()).status()));
  Guest same_uid = MakeGuest("db");
  same_uid.uid = {"uid-web"};
  EXPECT_TRUE(absl::IsAlreadyExists(home_->guests().Create(same_uid, AnyCall()).status()));
}

TEST_P(HomeContract, SpecAndStatusAreWrittenApart) {
  Guest guest = Made("web");
  guest.spec.generation = 7;
  guest.status.phase = Phase::kEnrolled;
  guest.version = home_->guests().UpdateSpec(guest, AnyCall()).value();
  EXPECT_EQ(Stored("web").spec.generation, 7);
  EXPECT_EQ(Stored("web").status.phase, Phase::kNotEnrolled);
  guest.spec.generation = 8;
  guest.version = home_->guests().UpdateStatus(guest, AnyCall()).value();
  EXPECT_EQ(Stored("web").spec.generation, 7);
  EXPECT_EQ(Stored("web").status.phase, Phase::kEnrolled);
}

TEST_P(HomeContract, AWriteOfAnOldVersionIsRefused) {
  const Guest old = Made("web");
  Guest changed = old;
  changed.spec.generation = 1;
  ASSERT_TRUE(home_->guests().UpdateSpec(changed, AnyCall()).ok());
  changed.spec.generation = 2;
  EXPECT_TRUE(absl::IsAborted(home_->guests().UpdateSpec(changed, AnyCall()).status()));
  changed.status.failures = 1;
  EXPECT_TRUE(absl::IsAborted(home_->guests().UpdateStatus(changed, AnyCall()).status()));
  EXPECT_TRUE(absl::IsAborted(home_->guests().MarkDeleting(old, AnyCall()).status()));
  EXPECT_TRUE(absl::IsAborted(home_->guests().Delete(old.key, old.version, AnyCall())));
}

TEST_P(HomeContract, AWriteToNothingIsNotFound) {
  Guest guest = MakeGuest("web");
  guest.version = 1;
  EXPECT_TRUE(absl::IsNotFound(home_->guests().UpdateStatus(guest, AnyCall()).status()));
  EXPECT_TRUE(absl::IsNotFound(home_->guests().Delete(guest.key, 1, AnyCall())));
}

TEST_P(HomeContract, AVersionNeverComesBackAlsoAfterADelete) {
  const Guest first = Made("web");
  ASSERT_TRUE(home_->guests().Delete(first.key, first.version, AnyCall()).ok());
  EXPECT_TRUE(absl::IsNotFound(home_->guests().Get(first.key, AnyCall()).status()));
  const Guest second = Made("web");
  EXPECT_NE(second.version, first.version);
  EXPECT_TRUE(absl::IsAborted(home_->guests().UpdateStatus(first, AnyCall()).status()));
}

TEST_P(HomeContract, DeletingIsAMarkThatStays) {
  Guest guest = Made("web");
  guest.version = home_->guests().MarkDeleting(guest, AnyCall()).value();
  EXPECT_TRUE(Stored("web").deleting);
  guest.deleting = false;
  ASSERT_TRUE(home_->guests().UpdateStatus(guest, AnyCall()).ok());
  EXPECT_TRUE(Stored("web").deleting);
}

TEST_P(HomeContract, AGuestChangesHands) {
  Guest guest = Made("web");
  Made("db");
  guest.status.phase = Phase::kWaiting;
  EXPECT_TRUE(absl::IsAlreadyExists(home_->guests().Rebind(guest, {"uid-db"}, AnyCall()).status()));
  ASSERT_TRUE(home_->guests().Rebind(guest, {"uid-new"}, AnyCall()).ok());
  EXPECT_EQ(Stored("web").uid.text, "uid-new");
  EXPECT_EQ(Stored("web").status.phase, Phase::kWaiting);
  EXPECT_TRUE(absl::IsNotFound(home_->guests().GetByUid({"uid-web"}, AnyCall()).status()));
  EXPECT_TRUE(home_->guests().GetByUid({"uid-new"}, AnyCall()).ok());
}

TEST_P(HomeContract, AListIsOrderedAndPaged) {
  for (const char* name : {"d", "a", "c", "b", "e"}) Made(name);
  std::vector<std::string> names;
  std::optional<GuestKey> after;
  while (true) {
    const std::vector<Guest> page = home_->guests().List(after, 2, AnyCall()).value();
    EXPECT_LE(page.size(), 2u);
    if (page.empty()) break;
    for (const Guest& guest : page) names.push_back(guest.key.name);
    after = page.back().key;
  }
  EXPECT_EQ(names, (std::vector<std::string>{"a", "b", "c", "d", "e"}));
}

TEST_P(HomeContract, EachChangeIsToldAndFailedOnesAreNot) {
  int told = 0;
  home_->guests().OnChange([&](const GuestKey& key) { told += key.name == "web" ? 1 : 0; });
  const auto tells = [&] { return std::exchange(told, 0) > 0; };
  Guest guest = Made("web");
  EXPECT_TRUE(tells());
  const Guest old = guest;
  guest.spec.generation = 1;
  guest.version = home_->guests().UpdateSpec(guest, AnyCall()).value();
  EXPECT_TRUE(tells());
  guest.status.phase = Phase::kWaiting;
  guest.version = home_->guests().UpdateStatus(guest, AnyCall()).value();
  EXPECT_TRUE(tells());
  static_cast<void>(home_->guests().UpdateStatus(old, AnyCall()));
  EXPECT_FALSE(tells());
  ASSERT_TRUE(home_->guests().Delete(guest.key, guest.version, AnyCall()).ok());
  EXPECT_TRUE(tells());
}

TEST_P(HomeContract, EveryFieldOfAGuestIsKept) {
  Guest guest = Made("web");
  guest.spec = FullSpec();
  guest.version = home_->guests().UpdateSpec(guest, AnyCall()).value();
  guest.status = FullStatus();
  ASSERT_TRUE(home_->guests().UpdateStatus(guest, AnyCall()).ok());
  EXPECT_EQ(Stored("web").spec, guest.spec);
  EXPECT_EQ(Stored("web").status, guest.status);
  guest = Stored("web");
  guest.spec = {};
  guest.spec.generation = FullSpec().generation;
  guest.version = home_->guests().UpdateSpec(guest, AnyCall()).value();
  guest.status = {};
  ASSERT_TRUE(home_->guests().UpdateStatus(guest, AnyCall()).ok());
  EXPECT_EQ(Stored("web").spec, guest.spec);
  EXPECT_EQ(Stored("web").status, guest.status);
}

TEST_P(HomeContract, AGuestMayBeginWithAStatus) {
  Guest guest = MakeGuest("web");
  guest.status = FullStatus();
  const absl::StatusOr<Guest> made = home_->guests().Create(guest, AnyCall());
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->status, guest.status);
  EXPECT_EQ(Stored("web").status, guest.status);
}

TEST_P(HomeContract, EventsAreListedNewestLast) {
  const GuestKey web{"lab", "web"}, db{"lab", "db"};
  std::set<int64_t> told;
  home_->recorder().OnEvent([&](const EventRecord& event) { told.insert(event.id); });
  home_->recorder().Record(web, Reason::kConflict, "one");
  home_->recorder().Record(db, Reason::kEnrolled, "two");
  home_->recorder().Record(web, Reason::kEnrolled, "three");
  const auto all = home_->recorder().List(std::nullopt, 0, 10, AnyCall()).value();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].message, "one");
  EXPECT_EQ(all[0].severity, Severity::kWarning);
  EXPECT_EQ(all[2].message, "three");
  EXPECT_EQ(told.size(), 3u);
  EXPECT_EQ(home_->recorder().List(web, 0, 10, AnyCall())->size(), 2u);
  EXPECT_EQ(home_->recorder().List(std::nullopt, all[1].id, 10, AnyCall())->size(), 1u);
  const auto last = home_->recorder().List(std::nullopt, 0, 1, AnyCall()).value();
  ASSERT_EQ(last.size(), 1u);
  EXPECT_EQ(last[0].message, "three");
}

TEST_P(HomeContract, PauseAndResumeAreTold) {
  std::atomic<int> told = 0;
  home_->operation().OnChange([&] { ++told; });
  ASSERT_TRUE(home_->operation().Pause("me", AnyCall()).ok());
  EXPECT_TRUE(home_->operation().State().paused);
  EXPECT_EQ(home_->operation().State().paused_by, "me");
  ASSERT_TRUE(home_->operation().Resume(AnyCall()).ok());
  EXPECT_FALSE(home_->operation().State().paused);
  EXPECT_GE(told, 2);
}

TEST_P(HomeContract, TheBrakeHoldsTheThirdRemovalUntilItIsReleased) {
  Operation& operation = home_->operation();
  EXPECT_TRUE(operation.CountRemoval({"lab", "a"}, AnyCall()).ok());
  EXPECT_TRUE(operation.CountRemoval({"lab", "a"}, AnyCall()).ok()) << "counted once";
  EXPECT_TRUE(operation.CountRemoval({"lab", "b"}, AnyCall()).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(operation.CountRemoval({"lab", "c"}, AnyCall())));
  EXPECT_TRUE(operation.State().brake);
  EXPECT_TRUE(absl::IsFailedPrecondition(operation.CountRemoval({"lab", "d"}, AnyCall())));
  EXPECT_TRUE(operation.CountRemoval({"lab", "a"}, AnyCall()).ok()) << "it had begun before";
  ASSERT_TRUE(operation.ReleaseBrake(AnyCall()).ok());
  EXPECT_TRUE(operation.CountRemoval({"lab", "c"}, AnyCall()).ok());
}

TEST_P(HomeContract, TheVaultComparesAndSwaps) {
  Vault& vault = home_->vault();
  EXPECT_TRUE(absl::IsNotFound(vault.Read("ca/agents", AnyCall()).status()));
  EXPECT_TRUE(absl::IsAborted(vault.Write("ca/agents", Secret("x"), 3, AnyCall()).status()));
  const int64_t first = vault.Write("ca/agents", Secret("one\nline two"), 0, AnyCall()).value();
  EXPECT_TRUE(absl::IsAborted(vault.Write("ca/agents", Secret("y"), 0, AnyCall()).status()));
  EXPECT_EQ(vault.Read("ca/agents", AnyCall())->bytes.Reveal(), "one\nline two");
  const int64_t second = vault.Write("ca/agents", Secret(""), first, AnyCall()).value();
  EXPECT_EQ(vault.Read("ca/agents", AnyCall())->bytes.Reveal(), "");
  ASSERT_TRUE(vault.Write("token/b", Secret("t"), 0, AnyCall()).ok());
  EXPECT_EQ(vault.List("token/", AnyCall()).value(), std::vector<std::string>{"token/b"});
  EXPECT_TRUE(absl::IsAborted(vault.Remove("ca/agents", first, AnyCall())));
  ASSERT_TRUE(vault.Remove("ca/agents", second, AnyCall()).ok());
  EXPECT_TRUE(absl::IsNotFound(vault.Read("ca/agents", AnyCall()).status()));
}

TEST_P(HomeContract, NodesAreKept) {
  NodeRecord node;
  node.identity = {{"host1"}, "lab"};
  node.certificate_serial = "0a";
  node.told_authority = "ab12";
  node.joined = absl::FromUnixSeconds(1'800'000'000);
  ASSERT_TRUE(home_->nodes().Put(node, AnyCall()).ok());
  EXPECT_EQ((*home_->nodes().Find({"host1"}, AnyCall()))->certificate_serial, "0a");
  EXPECT_EQ((*home_->nodes().Find({"host1"}, AnyCall()))->told_authority, "ab12");
  node.revoked = true;
  ASSERT_TRUE(home_->nodes().Put(node, AnyCall()).ok());
  EXPECT_TRUE((*home_->nodes().Find({"host1"}, AnyCall()))->revoked);
  EXPECT_EQ(home_->nodes().List(AnyCall())->size(), 1u);
  ASSERT_TRUE(home_->nodes().Remove({"host1"}, AnyCall()).ok());
  EXPECT_FALSE(home_->nodes().Find({"host1"}, AnyCall())->has_value());
  EXPECT_TRUE(absl::IsNotFound(home_->nodes().Remove({"host1"}, AnyCall())));
}

}  // namespace innkeeper
