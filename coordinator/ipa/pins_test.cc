#include "coordinator/ipa/pins.h"

#include <gtest/gtest.h>

#include "base/testing/fake_clock.h"

namespace innkeeper {
namespace {

TEST(WritePins, HoldAHostToItsServerForFiveMinutesOrUntilReleased) {
  FakeClock clock;
  WritePins pins(clock);
  EXPECT_FALSE(pins.Find("a").has_value());
  pins.Pin("a", "ipa1");
  pins.Pin("b", "ipa2");
  clock.Advance(WritePins::kHold - std::chrono::seconds(1));
  EXPECT_EQ(pins.Find("a"), "ipa1");
  pins.Release("a");
  EXPECT_FALSE(pins.Find("a").has_value());
  EXPECT_EQ(pins.Find("b"), "ipa2");
  clock.Advance(std::chrono::seconds(1));
  EXPECT_FALSE(pins.Find("b").has_value());
}

}  // namespace
}  // namespace innkeeper
