#include "base/api_client/event_stream.h"

#include <gtest/gtest.h>

#include <vector>

namespace innkeeper {
namespace {

using Events = std::vector<std::pair<std::string, std::string>>;

TEST(EventStreamParser, FindsEventsHoweverTheBytesArrive) {
  const std::string bytes = ": hello\n\nevent: guest\ndata: {\"a\":\ndata: 1}\n\ndata: x\r\n\r\n";
  for (size_t piece = 1; piece <= bytes.size(); ++piece) {
    Events seen;
    EventStreamParser parser([&](const std::string& event, const std::string& data) {
      seen.emplace_back(event, data);
      return true;
    });
    for (size_t at = 0; at < bytes.size(); at += piece) {
      EXPECT_TRUE(parser.Feed(bytes.substr(at, piece)));
    }
    EXPECT_EQ(seen, (Events{{"guest", "{\"a\":\n1}"}, {"", "x"}}));
  }
}

TEST(EventStreamParser, EndsWhenTheHandlerHasSeenEnough) {
  EventStreamParser parser([](const std::string&, const std::string&) { return false; });
  EXPECT_FALSE(parser.Feed("data: 1\n\n"));
}

TEST(EventStreamParser, EndsAStreamThatNeverEndsItsLine) {
  EventStreamParser parser([](const std::string&, const std::string&) { return true; });
  EXPECT_FALSE(parser.Feed(std::string((1 << 20) + 1, 'x')));
}

}  // namespace
}  // namespace innkeeper
