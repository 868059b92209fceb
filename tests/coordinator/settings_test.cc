// What the shipped programs say about their configuration, right or wrong.

#include <gmock/gmock.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <string>

#include "base/testing/temp_dir.h"

namespace innkeeper {
namespace {

using testing::AllOf;
using testing::HasSubstr;

struct Ended {
  int code = -1;
  std::string said;
};

// By a shell, for the variables before it.
Ended RunByShell(const std::string& command) {
  Ended ended;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  std::array<char, 4096> bytes;
  while (const size_t size = fread(bytes.data(), 1, bytes.size(), pipe))
    ended.said.append(bytes.data(), size);
  ended.code = WEXITSTATUS(pclose(pipe));
  return ended;
}

struct Program {
  const char* name;
  const char* path;
  const char* prefix;    // of its variables
  const char* required;  // settings without which it does not start
  const char* key;       // one of its keys, and that misspelt
  const char* typo;
};

class SettingsTest : public testing::TestWithParam<Program> {
 protected:
  Ended Print(const std::string& more, const std::string& environment = "") {
    return RunByShell(environment + " " + GetParam().path + " --print-config " +
                      GetParam().required + " " + more);
  }
  TempDir dir_;
};

TEST_P(SettingsTest, PrintsTheEffectiveOnesAndTheLastWordWins) {
  const std::string file = dir_.Write("file.yaml", "log:\n  level: warning\ndrain: 7s\n");
  const Ended printed = Print("--config " + file + " --set log.level=error");
  EXPECT_EQ(printed.code, 0) << printed.said;
  EXPECT_THAT(printed.said, AllOf(HasSubstr("level: error"), HasSubstr("drain: 7s")));
}

TEST_P(SettingsTest, AnUnknownKeyIsNamedWithFileLineAndTheNearest) {
  const std::string file =
      dir_.Write("file.yaml", std::string("# one line\n") + GetParam().typo + ": 1s\n");
  const Ended refused = Print("--config " + file);
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.said, AllOf(HasSubstr(file + ":2"), HasSubstr(GetParam().typo),
                                  HasSubstr(std::string("did you mean '") + GetParam().key)));
}

TEST_P(SettingsTest, AnUnknownKeyOnTheCommandLineIsNamedToo) {
  const Ended refused = Print(std::string("--set ") + GetParam().typo + "=1s");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.said, AllOf(HasSubstr(GetParam().typo),
                                  HasSubstr(std::string("did you mean '") + GetParam().key)));
}

TEST_P(SettingsTest, AnUnknownVariableIsNamedToo) {
  const Ended refused = Print("", std::string(GetParam().prefix) + "_DRIAN=1s");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.said, HasSubstr(std::string(GetParam().prefix) + "_DRIAN"));
}

TEST_P(SettingsTest, AValueOfTheWrongKindSaysWhatWasExpected) {
  const Ended refused = Print("--set drain=soon");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.said, AllOf(HasSubstr("drain"), HasSubstr("soon")));
}

TEST_P(SettingsTest, AMissingFileIsAnError) {
  EXPECT_EQ(Print("--config " + dir_.File("absent.yaml")).code, 2);
}

INSTANTIATE_TEST_SUITE_P(
    Programs, SettingsTest,
    testing::Values(Program{"Coordinator", INNKEEPER_COORDINATOR_PROGRAM, "INNKEEPER_COORDINATOR",
                            "--set ipa.domain=example.test --set ipa.ca_file=/x", "drain", "drian"},
                    Program{"Agent", INNKEEPER_AGENT_PROGRAM, "INNKEEPER_AGENT", "", "drain",
                            "drian"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace innkeeper
