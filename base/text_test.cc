#include "base/text.h"

#include <gtest/gtest.h>

namespace innkeeper {
namespace {

TEST(Printable, KeepsOrdinaryTextOfAnyScript) {
  EXPECT_EQ(Printable("Grüße, 東京 😀"), "Grüße, 東京 😀");
}

TEST(Printable, ReplacesWhatCouldMisleadAReader) {
  EXPECT_EQ(Printable("a\x1b[31mb"), "a\xEF\xBF\xBD[31mb");
  EXPECT_EQ(Printable("a\xE2\x80\xAE"
                      "b"),
            "a\xEF\xBF\xBD"
            "b");  // right-to-left override
  EXPECT_EQ(Printable("two\nlines"), "two lines");
}

TEST(Printable, ReplacesEachBadByteAndGoesOn) {
  EXPECT_EQ(Printable("a\xFFz"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(Printable("\xC3"), "\xEF\xBF\xBD");
  EXPECT_TRUE(IsUtf8(Printable("\xED\xA0\x80\xC0\xAF\xF5")));
}

TEST(IsUtf8, RefusesOverlongFormsAndSurrogates) {
  EXPECT_TRUE(IsUtf8("plain"));
  EXPECT_FALSE(IsUtf8("\xC0\xAF"));
  EXPECT_FALSE(IsUtf8("\xED\xA0\x80"));
  EXPECT_FALSE(IsUtf8("\xF4\x90\x80\x80"));
  EXPECT_FALSE(IsUtf8("cut \xE2\x82"));
}

}  // namespace
}  // namespace innkeeper
