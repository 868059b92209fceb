#include "base/secret.h"

#include <gtest/gtest.h>

#include <sstream>
#include <type_traits>
#include <utility>

namespace innkeeper {
namespace {

static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
static_assert(!std::is_convertible_v<std::string, Secret>);

TEST(Secret, PrintsAsRedacted) {
  std::ostringstream out;
  out << Secret("hunter2");
  EXPECT_EQ(out.str(), "[redacted]");
}

TEST(Secret, IsReadByNameOnly) { EXPECT_EQ(Secret("hunter2").Reveal(), "hunter2"); }

TEST(Secret, LeavesNothingBehindWhenMovedFrom) {
  Secret from("a password longer than any small string buffer");
  const Secret to = std::move(from);
  EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): the point of the test
  EXPECT_EQ(to.Reveal(), "a password longer than any small string buffer");

  Secret assigned("old");
  assigned = to.Copy();
  EXPECT_EQ(assigned.Reveal(), to.Reveal());
}

TEST(Secret, SurvivesAssignmentToItself) {
  Secret secret("hunter2");
  Secret& same = secret;
  secret = std::move(same);
  EXPECT_EQ(secret.Reveal(), "hunter2");
}

TEST(WipeString, ZeroesTheWholeBufferNotOnlyItsLength) {
  std::string bytes("a password longer than any small string buffer");
  bytes.resize(10);  // the tail stays in the buffer
  const char* buffer = bytes.data();
  const size_t capacity = bytes.capacity();
  WipeString(bytes);
  EXPECT_TRUE(bytes.empty());
  ASSERT_EQ(bytes.data(), buffer);  // still owned, so it may be looked at
  for (size_t i = 0; i < capacity; ++i) EXPECT_EQ(buffer[i], '\0') << i;
}

TEST(ConstantTimeEquals, ComparesBytesAndLengths) {
  EXPECT_TRUE(ConstantTimeEquals("token", "token"));
  EXPECT_FALSE(ConstantTimeEquals("token", "tokem"));
  EXPECT_FALSE(ConstantTimeEquals("token", "toke"));
  EXPECT_TRUE(ConstantTimeEquals("", ""));
}

}  // namespace
}  // namespace innkeeper
