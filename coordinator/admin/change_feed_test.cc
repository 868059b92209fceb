#include "coordinator/admin/change_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/guarded.h"

namespace innkeeper {
namespace {

using testing::HasSubstr;

// A client that reads everything, until it goes.
class FakeStream final : public HttpStream {
 public:
  bool Write(std::string piece) override {
    if (!open_) return false;
    {
      std::scoped_lock lock(mutex_);
      text_ += piece;
    }
    told_.notify_all();
    return true;
  }
  bool open() const override { return open_; }
  void Close() { open_ = false; }
  // All that was written, once it holds `part` or ten seconds are over.
  std::string TextWith(const std::string& part) {
    std::unique_lock lock(mutex_);
    told_.wait_for(lock, std::chrono::seconds(10),
                   [&] { return text_.find(part) != std::string::npos; });
    return text_;
  }

 private:
  std::atomic<bool> open_ = true;
  std::mutex mutex_;
  std::condition_variable told_;
  std::string text_;
};

class ChangeFeedTest : public testing::Test {
 protected:
  // Returns once the feed has told all that was said before: it tells in order.
  void Flush() {
    const auto place = feed_.TakeEventPlace({"flush", ""});
    const auto stream = std::make_shared<FakeStream>();
    feed_.Follow(place, stream);
    feed_.EventAdded(Event(1'000'000, {"flush", "x"}));
    EXPECT_THAT(stream->TextWith("flush"), HasSubstr("flush"));
    stream->Close();
  }
  static EventRecord Event(int64_t id, const GuestKey& guest) {
    EventRecord event;
    event.id = id;
    event.guest = guest;
    event.reason = Reason::kEnrolled;
    return event;
  }
  ChangeFeed feed_{[](const GuestKey& key, const Call&) -> absl::StatusOr<admin::v1::Guest> {
    if (key.name == "gone") return absl::NotFoundError("gone");
    admin::v1::Guest guest;
    guest.set_namespace_(key.space);
    guest.set_name(key.name);
    return guest;
  }};
};

TEST_F(ChangeFeedTest, AChangeBetweenTheFirstLookAndTheStreamIsTold) {
  const auto place = feed_.TakeGuestPlace({"lab", ""});
  feed_.GuestChanged({"lab", "web"});
  feed_.GuestChanged({"lab", "gone"});
  feed_.GuestChanged({"other", "web"});
  Flush();
  const auto stream = std::make_shared<FakeStream>();
  feed_.Follow(place, stream);
  const std::string text = stream->TextWith("event: guest");
  EXPECT_THAT(text, HasSubstr("event: guest\ndata: {\"namespace\":\"lab\",\"name\":\"web\"}\n\n"));
  EXPECT_THAT(text, HasSubstr("event: gone\ndata: {\"namespace\":\"lab\",\"name\":\"gone\"}\n\n"));
  EXPECT_THAT(text, testing::Not(HasSubstr("other")));
  feed_.GuestChanged({"lab", "db"});
  EXPECT_THAT(stream->TextWith("db"), HasSubstr("\"name\":\"db\""));
}

TEST_F(ChangeFeedTest, AnEventIsToldOnceWhetherItWasInTheFirstLookOrNot) {
  const auto place = feed_.TakeEventPlace({});
  feed_.EventAdded(Event(7, {"lab", "seen"}));
  feed_.EventAdded(Event(8, {"lab", "between"}));
  Flush();
  const auto stream = std::make_shared<FakeStream>();
  feed_.Follow(place, stream, /*last_seen=*/7);
  feed_.EventAdded(Event(9, {"lab", "later"}));
  const std::string text = stream->TextWith("later");
  EXPECT_THAT(text, testing::Not(HasSubstr("seen")));
  EXPECT_THAT(text, HasSubstr("between"));
  EXPECT_THAT(text, HasSubstr("later"));
}

TEST_F(ChangeFeedTest, APlaceThatWasLetGoTakesNoStream) {
  auto place = feed_.TakeGuestPlace({});
  const std::weak_ptr<ChangeFeed::Place> gone = place;
  place.reset();
  EXPECT_TRUE(gone.expired());
  feed_.GuestChanged({"lab", "web"});
  Flush();  // tells everybody who is there: nobody
  const auto stream = std::make_shared<FakeStream>();
  feed_.Follow(nullptr, stream);
  Flush();
  EXPECT_EQ(stream->TextWith(""), "");
}

TEST_F(ChangeFeedTest, AwaitEndsWithItsCall) {
  const auto reached = [](const admin::v1::Guest& guest) { return guest.name() == "web"; };
  const Call soon = Call::Within(std::chrono::milliseconds(20));
  EXPECT_TRUE(feed_.Await({"lab", "web"}, reached, soon).ok());
  EXPECT_TRUE(absl::IsDeadlineExceeded(feed_.Await({"lab", "db"}, reached, soon).status()));
  EXPECT_TRUE(absl::IsNotFound(feed_.Await({"lab", "gone"}, reached, soon).status()));
}

}  // namespace
}  // namespace innkeeper
