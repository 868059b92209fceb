// The shipped program on a disk that fills up, that is read-only, that another one uses.

#include <gmock/gmock.h>

#include "base/api_client/api_client.h"
#include "innkeeper/admin/v1/admin.pb.h"
#include "tests/coordinator/testing/private_mounts.h"
#include "tests/coordinator/testing/running_coordinator.h"

namespace innkeeper {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr size_t kDisk = 4 << 20;  // bytes

class DiskTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const absl::Status entered = EnterPrivateMounts();
    ASSERT_TRUE(entered.ok()) << entered;
  }
  absl::StatusOr<admin::v1::Operation> Operation(const std::string& method,
                                                 const std::string& verb = "") {
    ASSIGN_OR_RETURN(const auto api, ApiClient::Create({.server = coordinator_.socket()}));
    admin::v1::Operation now;
    RETURN_IF_ERROR(api->Send(method, "/v1/operation" + verb, nullptr, &now,
                              Call::Within(std::chrono::seconds(20))));
    return now;
  }
  std::string Ready() { return coordinator_.Get("/readyz?verbose"); }
  bool BecomesReady() {
    return coordinator_.Eventually([this] { return Ready().starts_with("HTTP/1.1 200"); });
  }

  TempDir state_;
  RunningCoordinator coordinator_{state_.path()};
};

class FullDiskTest : public DiskTest {
 protected:
  void SetUp() override {
    const absl::Status mounted = MountSmallDisk(state_.path(), kDisk);
    ASSERT_TRUE(mounted.ok()) << mounted;
    ASSERT_TRUE(coordinator_.Start()) << coordinator_.Said();
  }
  void TearDown() override {
    coordinator_.Stop(SIGKILL);
    Unmount(state_.path());
  }
  // Not one byte is left. A write-ahead log that has grown may still be written into: so until a
  // write fails.
  void Fill() {
    for (int i = 0; i < 2000; ++i) {
      std::ofstream file(state_.File("ballast"), std::ios::app);
      for (const size_t piece : {size_t{65536}, size_t{4096}, size_t{1}}) {
        while (file.write(std::string(piece, 'x').data(), static_cast<std::streamsize>(piece)) &&
               file.flush()) {
        }
        file.clear();
      }
      if (!Operation("POST", i % 2 == 0 ? ":pause" : ":resume").ok()) return;
    }
    ADD_FAILURE() << "the disk does not fill";
  }
};

TEST_F(FullDiskTest, ItGoesOnFromMemorySaysSoAndHealsByItself) {
  ASSERT_TRUE(BecomesReady()) << Ready();
  Fill();
  EXPECT_THAT(Ready(), AllOf(HasSubstr(" 503 "), HasSubstr("database")));
  EXPECT_THAT(coordinator_.Get("/livez"), HasSubstr(" 200 "));
  EXPECT_TRUE(Operation("GET").ok()) << "reads come from memory";
  const absl::Status refused = Operation("POST", ":pause").status();
  EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
  std::filesystem::remove(state_.File("ballast"));
  EXPECT_TRUE(BecomesReady()) << "nobody had to write: " << Ready();
  EXPECT_TRUE(Operation("POST", ":pause").ok());
}

TEST_F(FullDiskTest, WhatWasSaidToBeDoneIsStillThereAfterACrash) {
  ASSERT_TRUE(Operation("POST", ":pause").ok());
  bool paused = true;
  for (int i = 0; i < 5; ++i) {
    Fill();
    paused = Operation("GET")->paused();
    coordinator_.Stop(SIGKILL);
    std::filesystem::remove(state_.File("ballast"));
    ASSERT_TRUE(coordinator_.Start()) << coordinator_.Said();
    EXPECT_EQ(Operation("GET")->paused(), paused);
  }
}

TEST_F(DiskTest, AReadOnlyStateFolderIsAClearErrorAtTheStart) {
  ASSERT_TRUE(coordinator_.Start());
  ASSERT_EQ(coordinator_.Stop(), 0);
  const absl::Status made = MakeReadOnly(state_.path());
  ASSERT_TRUE(made.ok()) << made;
  EXPECT_FALSE(coordinator_.Start());
  EXPECT_NE(coordinator_.Wait(), 0);
  Unmount(state_.path());
  EXPECT_THAT(coordinator_.Said(), AllOf(HasSubstr(state_.path()), HasSubstr("Read-only")));
}

TEST_F(DiskTest, ASecondCoordinatorRefusesAndNamesTheFirst) {
  ASSERT_TRUE(coordinator_.Start());
  RunningCoordinator second(state_.path());
  EXPECT_FALSE(second.Start());
  EXPECT_EQ(second.Wait(), 2);
  EXPECT_THAT(second.Said(), AllOf(HasSubstr("another coordinator"),
                                   HasSubstr("process " + std::to_string(coordinator_.pid())),
                                   HasSubstr(state_.path())));
  EXPECT_TRUE(BecomesReady()) << "the first is none the worse";
}

TEST_F(DiskTest, AStopUnderWayWorkEndsInSecondsAndLeavesNothingOpen) {
  ASSERT_TRUE(coordinator_.Start());
  ASSERT_TRUE(Operation("POST", ":pause").ok());
  RawClient idle(coordinator_.Endpoint("api")), stream(coordinator_.socket());
  stream.Say("GET /v1/events?watch=true HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(coordinator_.Stop(SIGTERM), 0) << coordinator_.Said();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
  EXPECT_FALSE(std::filesystem::exists(coordinator_.socket().substr(5)));
  EXPECT_FALSE(std::filesystem::exists(state_.File("innkeeper.db-wal"))) << "checkpointed";
  ASSERT_TRUE(coordinator_.Start()) << coordinator_.Said();
  EXPECT_TRUE(Operation("GET")->paused());
}

}  // namespace
}  // namespace innkeeper
