#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "guest/scripts.h"

namespace innkeeper {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// What one guest-exec should carry at most: the bootstrap reads byte by byte.
constexpr size_t kReasonable = 48 * 1024;

TEST(GuestScripts, AreCompleteAndTakeNothingFromTheEnvironment) {
  for (const std::string* script : {&JoinScript(), &VerifyScript(), &LeaveScript()}) {
    EXPECT_THAT(*script, StartsWith("#!/bin/sh\n"));
    EXPECT_THAT(*script, HasSubstr("\nROOT=\nPATH=/usr/local/sbin:"));
    EXPECT_THAT(*script, EndsWith("\nmain\n"));
    EXPECT_LT(script->size(), kReasonable);
    EXPECT_THAT(*script, Not(HasSubstr("#--innkeeper-parameters--")));
  }
}

TEST(GuestScripts, EmbedTheProgramThatKeepsThePasswordOffCommandLines) {
  EXPECT_THAT(JoinScript(), HasSubstr("<<'PYTHON'\n\"\"\"Runs ipa-client-install"));
  EXPECT_THAT(JoinScript(), HasSubstr("sys.exit(main())\nPYTHON\n"));
}

TEST(GuestScripts, BootstrapIsConstantAndShort) {
  EXPECT_THAT(Bootstrap(), HasSubstr("#--innkeeper-parameters--"));
  EXPECT_THAT(Bootstrap(), StartsWith("set -eu\numask 077\nROOT=\n"));
  EXPECT_LT(Bootstrap().size(), 2000u);
}

TEST(GuestScripts, TheBootHookIsWholeAndSmall) {
  EXPECT_THAT(BootHook(), StartsWith("#cloud-boothook\n#!/bin/sh\nROOT=\nPATH="));
  EXPECT_THAT(BootHook(), HasSubstr("\nmain\nBOOT\n"));
  EXPECT_THAT(BootHook(), HasSubstr("\nWantedBy=cloud-init.target\nUNIT\n"));
  EXPECT_THAT(BootHook(), Not(testing::ContainsRegex("@[a-zA-Z_.]+@")));
  EXPECT_LT(BootHook().size(), 5000u);
}

}  // namespace
}  // namespace innkeeper
