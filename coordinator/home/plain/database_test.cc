#include "coordinator/home/plain/database.h"

#include <gtest/gtest.h>

#include "base/testing/fake_clock.h"
#include "coordinator/home/plain/placement_rows.h"
#include "coordinator/home/plain/plain_guest_store.h"

namespace innkeeper {
namespace {

Call AnyCall() { return Call::Within(std::chrono::seconds(30)); }

class DatabaseTest : public testing::Test {
 protected:
  DatabaseTest() : database_(Database::Open(":memory:").value()) {}
  // A disk of so many pages.
  void Limit(int64_t pages) {
    const absl::Status limited = database_->Write(
        [pages](SqliteDatabase& database) {
          auto pragma = database.Prepare("PRAGMA max_page_count=" + std::to_string(pages));
          return pragma.ok() ? pragma->Step().status() : pragma.status();
        },
        {}, AnyCall());
    ASSERT_TRUE(limited.ok()) << limited;
  }
  std::unique_ptr<Database> database_;
};

TEST_F(DatabaseTest, AFailedWorkUndoesOnlyItself) {
  const auto insert = [](const std::string& node, bool fail) {
    return [node, fail](SqliteDatabase& database) -> absl::Status {
      RETURN_IF_ERROR(database.Execute("INSERT INTO nodes VALUES ('" + node + "','',0,0,'',0,'')"));
      return fail ? absl::AbortedError("no") : absl::OkStatus();
    };
  };
  EXPECT_TRUE(database_->Write(insert("a", false), {}, AnyCall()).ok());
  bool committed = false;
  EXPECT_TRUE(absl::IsAborted(database_->Write(
      insert("b", true), [&] { committed = true; }, AnyCall())));
  EXPECT_FALSE(committed);
  EXPECT_TRUE(database_->Health().ok()) << "a refused write is no sick disk";
  int64_t count = 0;
  ASSERT_TRUE(database_
                  ->Write(
                      [&](SqliteDatabase& database) -> absl::Status {
                        ASSIGN_OR_RETURN(SqliteStatement query,
                                         database.Prepare("SELECT count(*) FROM nodes"));
                        ASSIGN_OR_RETURN(const bool row, query.Step());
                        count = row ? query.Int(0) : -1;
                        return absl::OkStatus();
                      },
                      {}, AnyCall())
                  .ok());
  EXPECT_EQ(count, 1);
}

TEST_F(DatabaseTest, OnAFullDiskReadsGoOnAndWritesAreRefusedUntilThereIsRoom) {
  FakeClock clock;
  const auto store = PlainGuestStore::Open(*database_, clock).value();
  Guest guest;
  guest.key = {"lab", "web"};
  guest.uid = {"uid"};
  guest = store->Create(guest, AnyCall()).value();
  Limit(1);
  Guest large = guest;
  large.status.host_dn = std::string(200'000, 'x');
  EXPECT_TRUE(absl::IsResourceExhausted(store->UpdateStatus(large, AnyCall()).status()));
  EXPECT_TRUE(absl::IsResourceExhausted(database_->Health()));
  EXPECT_EQ(store->Get(guest.key, AnyCall())->version, guest.version) << "unchanged, and readable";
  Limit(100'000);
  EXPECT_TRUE(store->UpdateStatus(large, AnyCall()).ok());
  EXPECT_TRUE(database_->Health().ok());
}

TEST_F(DatabaseTest, PlacementsThatFindNoRoomAreWrittenLater) {
  PlacementRows rows(*database_);
  ASSERT_TRUE(rows.Load().ok());
  Limit(1);
  PlacementRow row;
  row.placement.holder = {"host1"};
  row.wish_fqdn = std::string(200'000, 'x');
  rows.Put({"uid"}, row);
  EXPECT_FALSE(rows.Flush(Call::Within(std::chrono::milliseconds(200))).ok());
  EXPECT_GT(rows.pending(), 0u);
  Limit(100'000);
  EXPECT_TRUE(rows.Flush(AnyCall()).ok());
  EXPECT_EQ(rows.pending(), 0u);
}

TEST_F(DatabaseTest, AWriterThatDoesNotWaitLongEnoughIsToldSo) {
  const Call late = Call::Within(std::chrono::nanoseconds(0));
  const auto nothing = [](SqliteDatabase&) { return absl::OkStatus(); };
  EXPECT_TRUE(absl::IsDeadlineExceeded(database_->Write(nothing, {}, late)));
}

}  // namespace
}  // namespace innkeeper
