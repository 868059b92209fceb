#include "coordinator/home/plain/plain_home.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <future>
#include <thread>

#include "base/testing/fake_clock.h"
#include "base/testing/temp_dir.h"
#include "coordinator/guests/testing/home_contract.h"
#include "coordinator/home/plain/cluster_id.h"
#include "coordinator/home/plain/schema.h"

namespace innkeeper {
namespace {

using testing::HasSubstr;

Call AnyCall() { return Call::Within(std::chrono::seconds(30)); }

class PlainUnderTest final : public HomeUnderTest {
 public:
  PlainUnderTest() {
    PlainHome::Options options;
    options.state_dir = folder_.File("state");
    options.removals.removals = 2;
    home_ = PlainHome::Create(options, clock_).value();
  }
  GuestStore& guests() override { return home_->guests(); }
  Recorder& recorder() override { return home_->recorder(); }
  Operation& operation() override { return home_->operation(); }
  Vault& vault() override { return home_->vault(); }
  NodeStore& nodes() override { return home_->nodes(); }

 private:
  TempDir folder_;
  FakeClock clock_;
  std::unique_ptr<PlainHome> home_;
};

INSTANTIATE_TEST_SUITE_P(Plain, HomeContract,
                         testing::Values([]() -> std::unique_ptr<HomeUnderTest> {
                           return std::make_unique<PlainUnderTest>();
                         }));

class PlainHomeTest : public testing::Test {
 protected:
  PlainHomeTest() { options_.state_dir = folder_.File("state"); }
  std::unique_ptr<PlainHome> Open() {
    absl::StatusOr<std::unique_ptr<PlainHome>> home = PlainHome::Create(options_, clock_);
    EXPECT_TRUE(home.ok()) << home.status();
    return home.ok() ? *std::move(home) : nullptr;
  }
  Guest MakeGuest(const std::string& name) {
    Guest guest;
    guest.key = {"lab", name};
    guest.uid = {"uid-" + name};
    return guest;
  }
  TempDir folder_;
  FakeClock clock_;
  PlainHome::Options options_;
};

TEST_F(PlainHomeTest, EverythingIsThereAfterARestart) {
  std::string first_term;
  {
    const auto home = Open();
    first_term = home->leadership().Term();
    Guest guest = home->guests().Create(MakeGuest("web"), AnyCall()).value();
    guest.status.attempt.emplace().id = "join-1";
    guest.status.conditions[ConditionType::kEnrolled].reason = Reason::kJoining;
    ASSERT_TRUE(home->guests().UpdateStatus(guest, AnyCall()).ok());
    home->recorder().Record(guest.key, Reason::kJoining, "joining");
    ASSERT_TRUE(home->operation().Pause("me", AnyCall()).ok());
    ASSERT_TRUE(home->vault().Write("ca/agents", Secret("key"), 0, AnyCall()).ok());
    NodeRecord node;
    node.identity = {{"host1"}, "lab"};
    ASSERT_TRUE(home->nodes().Put(node, AnyCall()).ok());
  }
  const auto home = Open();
  const absl::StatusOr<Guest> guest = home->guests().Get({"lab", "web"}, AnyCall());
  ASSERT_TRUE(guest.ok());
  EXPECT_EQ(guest->status.attempt->id, "join-1");
  EXPECT_EQ(guest->status.conditions.at(ConditionType::kEnrolled).reason, Reason::kJoining);
  EXPECT_EQ(home->recorder().List(std::nullopt, 0, 10, AnyCall())->size(), 1u);
  EXPECT_TRUE(home->operation().State().paused);
  EXPECT_EQ(home->vault().Read("ca/agents", AnyCall())->bytes.Reveal(), "key");
  EXPECT_EQ(home->nodes().List(AnyCall())->size(), 1u);
  EXPECT_NE(home->leadership().Term(), first_term);
}

TEST_F(PlainHomeTest, AWriteThatNobodyWaitsForAnyMoreHappensBeforeItGoes) {
  std::promise<void> ended;
  auto home = Open();
  // On the database's thread: the first write holds up the second, and the home ends meanwhile.
  home->guests().OnChange([went = ended.get_future().share()](const GuestKey&) {
    went.wait_for(std::chrono::milliseconds(500));
  });
  for (const char* name : {"web", "db"}) {
    const Call hurried = Call::Within(std::chrono::milliseconds(100));
    const absl::Status told = home->guests().Create(MakeGuest(name), hurried).status();
    EXPECT_TRUE(absl::IsDeadlineExceeded(told)) << told;
  }
  home.reset();
  ended.set_value();
  EXPECT_TRUE(Open()->guests().Get({"lab", "db"}, AnyCall()).ok());
}

TEST_F(PlainHomeTest, ASecondCoordinatorIsRefusedAndToldWhoHasIt) {
  const auto home = Open();
  const absl::Status second = PlainHome::Create(options_, clock_).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(second));
  EXPECT_THAT(std::string(second.message()),
              HasSubstr("another coordinator (process " + std::to_string(::getpid())));
}

TEST_F(PlainHomeTest, NothingButTheOwnerMayReadIt) {
  const auto home = Open();
  ASSERT_TRUE(home->vault().Write("ca/agents", Secret("key"), 0, AnyCall()).ok());
  for (const char* name : {"innkeeper.db", "vault/ca/agents", "cluster-id", "lock"}) {
    struct stat facts {};
    ASSERT_EQ(::stat((options_.state_dir + "/" + name).c_str(), &facts), 0) << name;
    EXPECT_EQ(facts.st_mode & 077, 0u) << name;
  }
  ::chmod((options_.state_dir + "/vault/ca/agents").c_str(), 0644);
  EXPECT_TRUE(absl::IsFailedPrecondition(home->vault().Read("ca/agents", AnyCall()).status()));
}

TEST_F(PlainHomeTest, TheVaultRefusesNamesThatLeaveIt) {
  const auto home = Open();
  for (const char* name :
       {"", "/etc/passwd", "../x", "a/../b", "a//b", "a/", ".hidden", "A", "a b"})
    EXPECT_TRUE(
        absl::IsInvalidArgument(home->vault().Write(name, Secret("x"), 0, AnyCall()).status()))
        << name;
}

TEST_F(PlainHomeTest, TheClusterIdIsMadeOnceAndNeverChangesSilently) {
  const ClusterId first = ClusterIdOf(options_.state_dir, "").value();
  EXPECT_EQ(ClusterIdOf(options_.state_dir, "").value(), first);
  EXPECT_EQ(ClusterIdOf(options_.state_dir, first.text).value(), first);
  EXPECT_TRUE(absl::IsFailedPrecondition(ClusterIdOf(options_.state_dir, "other").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ClusterIdOf(options_.state_dir, "a:b").status()));
  EXPECT_EQ(ClusterIdOf(folder_.File("elsewhere"), "chosen").value().text, "chosen");
}

TEST_F(PlainHomeTest, ANewerDatabaseIsRefusedUntouched) {
  { const auto home = Open(); }
  {
    auto database = SqliteDatabase::Open(options_.state_dir + "/innkeeper.db").value();
    ASSERT_TRUE(database.Execute("PRAGMA user_version=99").ok());
  }
  const absl::Status refused = PlainHome::Create(options_, clock_).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("newer coordinator"));
}

TEST_F(PlainHomeTest, ADamagedDatabaseIsSaidSo) {
  { const auto home = Open(); }
  std::ofstream(options_.state_dir + "/innkeeper.db", std::ios::trunc) << std::string(8192, 'x');
  EXPECT_TRUE(absl::IsDataLoss(PlainHome::Create(options_, clock_).status()));
}

TEST_F(PlainHomeTest, ADamagedRowNamesItsGuest) {
  {
    const auto home = Open();
    ASSERT_TRUE(home->guests().Create(MakeGuest("web"), AnyCall()).ok());
  }
  {
    auto database = SqliteDatabase::Open(options_.state_dir + "/innkeeper.db").value();
    ASSERT_TRUE(database.Execute("UPDATE guests SET status='{\"phase\":\"Nonsense\"}'").ok());
  }
  const absl::Status refused = PlainHome::Create(options_, clock_).status();
  EXPECT_TRUE(absl::IsDataLoss(refused));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("lab/web"));
}

TEST_F(PlainHomeTest, ABackupIsACompleteDatabaseWithoutKeys) {
  const auto home = Open();
  ASSERT_TRUE(home->vault().Write("ca/agents", Secret("canary-key"), 0, AnyCall()).ok());
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(home->guests().Create(MakeGuest("vm" + std::to_string(i)), AnyCall()).ok());
  const std::string copy = folder_.File("copy.db");
  ASSERT_TRUE(home->Backup(copy, AnyCall()).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(home->Backup(copy, AnyCall())));
  EXPECT_TRUE(absl::IsInvalidArgument(home->Backup("copy.db", AnyCall())));
  ASSERT_TRUE(home->guests().Create(MakeGuest("later"), AnyCall()).ok()) << "it goes on";
  auto database = SqliteDatabase::Open(copy).value();
  EXPECT_TRUE(database.CheckIntegrity().ok());
  auto count = database.Prepare("SELECT count(*) FROM guests").value();
  ASSERT_TRUE(count.Step().value());
  EXPECT_EQ(count.Int(0), 100);
  std::ifstream bytes(copy, std::ios::binary);
  const std::string all((std::istreambuf_iterator<char>(bytes)), std::istreambuf_iterator<char>());
  EXPECT_EQ(all.find("canary-key"), std::string::npos);
}

TEST_F(PlainHomeTest, EventsAreCapped) {
  options_.events_kept = 10;
  {
    const auto home = Open();
    for (int i = 0; i < 600; ++i) home->recorder().Record({"lab", "web"}, Reason::kJoining, "x");
    EXPECT_EQ(home->recorder().List(std::nullopt, 0, 1000, AnyCall())->size(), 10u);
  }
  auto database = SqliteDatabase::Open(options_.state_dir + "/innkeeper.db").value();
  auto count = database.Prepare("SELECT count(*), max(id) FROM events").value();
  ASSERT_TRUE(count.Step().value());
  EXPECT_LT(count.Int(0), 300);
  EXPECT_EQ(count.Int(1), 600);
}

TEST_F(PlainHomeTest, ManyWritersAtOnceAllGetTheirOwnAnswer) {
  const auto home = Open();
  std::vector<std::jthread> writers;
  for (int i = 0; i < 32; ++i) {
    writers.emplace_back([&, i] {
      Guest guest = home->guests().Create(MakeGuest("vm" + std::to_string(i)), AnyCall()).value();
      for (int j = 0; j < 20; ++j) {
        guest.status.failures = j;
        guest.version = home->guests().UpdateStatus(guest, AnyCall()).value();
      }
    });
  }
  writers.clear();
  EXPECT_EQ(home->guests().List(std::nullopt, 100, AnyCall())->size(), 32u);
}

TEST_F(PlainHomeTest, WhatWasConfirmedSurvivesKillNine) {
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto home = Open();
    for (int i = 0;; ++i) {
      if (!home->guests().Create(MakeGuest("vm" + std::to_string(i)), AnyCall()).ok()) ::_exit(1);
      const char byte = 'x';
      if (::write(pipe_ends[1], &byte, 1) != 1) ::_exit(1);
    }
  }
  char byte;
  size_t confirmed = 0;
  for (; confirmed < 50; ++confirmed) ASSERT_EQ(::read(pipe_ends[0], &byte, 1), 1);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(pipe_ends[1]);
  while (::read(pipe_ends[0], &byte, 1) == 1) ++confirmed;
  ::close(pipe_ends[0]);
  const auto home = Open();
  EXPECT_GE(home->guests().List(std::nullopt, 100'000, AnyCall())->size(), confirmed);
}

}  // namespace
}  // namespace innkeeper
