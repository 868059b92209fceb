#include "coordinator/guests/reasons.h"

#include <gtest/gtest.h>

#include <set>

namespace innkeeper {
namespace {

TEST(Reasons, EachCodeIsFoundByItsText) {
  ASSERT_FALSE(AllReasons().empty());
  for (const Reason reason : AllReasons()) EXPECT_EQ(ParseReason(TextOf(reason).code), reason);
  EXPECT_FALSE(ParseReason("NoSuchReason").has_value());
  EXPECT_FALSE(ParseReason("").has_value());
}

TEST(Reasons, CodesAreUnique) {
  std::set<std::string> codes;
  for (const Reason reason : AllReasons()) codes.insert(TextOf(reason).code);
  EXPECT_EQ(codes.size(), AllReasons().size());
}

TEST(Reasons, EachHasAMeaningAndAKnownSeverity) {
  for (const Reason reason : AllReasons()) {
    const ReasonText& text = TextOf(reason);
    EXPECT_STRNE(text.meaning, "") << text.code;
    const std::string severity = text.severity;
    EXPECT_TRUE(severity == "Normal" || severity == "Warning") << text.code;
    // A table cell in Markdown.
    EXPECT_EQ(std::string(text.meaning).find('|'), std::string::npos) << text.code;
    EXPECT_EQ(std::string(text.remedy).find('|'), std::string::npos) << text.code;
  }
}

}  // namespace
}  // namespace innkeeper
