#include "base/log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "base/testing/captured_log.h"

namespace innkeeper {
namespace {

using Json = nlohmann::ordered_json;

TEST(Log, WritesOneJsonObjectPerLineWithItsKeysInOrder) {
  CapturedLog log;
  InitLog("coordinator", LogLevel::kInfo);
  LogInfo("guest enrolled",
          {{"guest", "shop/web-1"}, {"seconds", 48}, {"again", true}, {"ratio", 0.5}});
  ASSERT_EQ(log.lines().size(), 1u);
  const Json line = Json::parse(log.lines()[0]);
  std::vector<std::string> keys;
  for (const auto& member : line.items()) keys.push_back(member.key());
  EXPECT_EQ(keys, (std::vector<std::string>{"ts", "level", "component", "msg", "guest", "seconds",
                                            "again", "ratio"}));
  EXPECT_EQ(line["level"], "info");
  EXPECT_EQ(line["component"], "coordinator");
  EXPECT_EQ(line["msg"], "guest enrolled");
  EXPECT_EQ(line["seconds"], 48);
  EXPECT_EQ(line["again"], true);
}

TEST(Log, StampsUtcWithMilliseconds) {
  CapturedLog log;
  LogInfo("tick");
  const std::string ts = Json::parse(log.lines()[0])["ts"];
  EXPECT_EQ(ts.size(), std::string("2026-11-24T10:00:00.123Z").size());
  EXPECT_EQ(ts.back(), 'Z');
}

TEST(Log, LeavesOutWhatIsBelowTheLevel) {
  CapturedLog log(LogLevel::kWarning);
  LogInfo("quiet");
  LogWarning("loud");
  SetLogLevel(LogLevel::kDebug);
  LogDebug("now too");
  EXPECT_FALSE(log.Contains("quiet"));
  EXPECT_TRUE(log.Contains("loud"));
  EXPECT_TRUE(log.Contains("now too"));
}

// A guest must not forge a line, colour a terminal, or hide text from a reader.
TEST(Log, KeepsHostileTextInItsPlace) {
  CapturedLog log;
  LogInfo("seen", {{"os", "x\n{\"level\":\"error\"}\x1b[31m \"q\" \xE2\x80\xAE \xFF"}});
  ASSERT_EQ(log.lines().size(), 1u);
  EXPECT_EQ(log.lines()[0].find('\n'), std::string::npos);
  const std::string os = Json::parse(log.lines()[0])["os"];
  EXPECT_EQ(os, "x {\"level\":\"error\"}\xEF\xBF\xBD[31m \"q\" \xEF\xBF\xBD \xEF\xBF\xBD");
}

TEST(Log, NeverFailsOverABadKey) {
  CapturedLog log;
  LogInfo("seen", {{"\xFF", 1}});
  EXPECT_TRUE(Json::accept(log.lines()[0]));
}

TEST(Log, SpellsAStatusOut) {
  CapturedLog log;
  LogError("failed", {{"error", absl::NotFoundError("no such host")}});
  EXPECT_EQ(Json::parse(log.lines()[0])["error"], "NOT_FOUND: no such host");
}

TEST(Log, KeepsLinesWholeBetweenThreads) {
  CapturedLog log;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([] {
        for (int n = 0; n < 100; ++n) LogInfo("line", {{"n", n}});
      });
    }
  }
  EXPECT_EQ(log.lines().size(), 400u);
  for (const std::string& line : log.lines()) EXPECT_TRUE(Json::accept(line)) << line;
}

TEST(Log, GoesToStderrWithoutASink) {
  testing::internal::CaptureStderr();
  InitLog("agent", LogLevel::kInfo);
  LogInfo("started");
  const std::string output = testing::internal::GetCapturedStderr();
  EXPECT_EQ(Json::parse(output)["component"], "agent");
  EXPECT_EQ(output.back(), '\n');
}

TEST(ParseLogLevel, KnowsTheFourNamesAndListsThemOtherwise) {
  EXPECT_EQ(*ParseLogLevel("warning"), LogLevel::kWarning);
  EXPECT_EQ(ToText(ParseLogLevel("loud").status()),
            "INVALID_ARGUMENT: 'loud' is none of debug, info, warning, error");
}

TEST(CheckDeathTest, NamesTheConditionAndAborts) {
  EXPECT_DEATH(IK_CHECK(1 + 1 == 3), "check failed.*1 \\+ 1 == 3.*log_test.cc");
}

}  // namespace
}  // namespace innkeeper
