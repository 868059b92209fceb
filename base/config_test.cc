#include "base/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/testing/temp_dir.h"

namespace innkeeper {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// One key of each type, as a program would have them.
struct Settings {
  std::string endpoint;
  bool verify = true;
  int64_t workers = 4;
  Duration sweep = minutes(5);
  std::vector<std::string> servers{"ipa1.example.test"};
  Secret password;
  std::string delivery = "auto";
  std::vector<ConfigSchema::Row> rules;
};

class ConfigTest : public testing::Test {
 protected:
  ConfigTest() {
    schema_.Add("coordinator.endpoint", &is_.endpoint, "Where the coordinator is.",
                Presence::kRequired);
    schema_.Add("coordinator.verify", &is_.verify, "Whether to verify.");
    schema_.Add("workers", &is_.workers, "Threads.", {.least = 1, .most = 64});
    schema_.Add("sweep", &is_.sweep, "Pause.", {.least = seconds(1), .most = hours(1)});
    schema_.Add("ipa.servers", &is_.servers, "Servers.");
    schema_.Add("ipa.password", &is_.password, "Password.");
    schema_.AddChoice("guest.delivery", &is_.delivery, "Way.", {"auto", "cloudInit", "agent"});
    schema_.AddRows("policy.rules", &is_.rules, "Rules.", {"namespace", "suffixes"});
  }

  // Loads `text` as the file, with the required key set by other means.
  absl::Status LoadText(const std::string& text) {
    return schema_.Load({.file = dir_.Write("agent.yaml", text),
                         .sets = {"coordinator.endpoint=c.example.test:8444"},
                         .environment = kNoEnvironment});
  }
  // The error of `text`, with the folder cut from the file's name.
  std::string ErrorOf(const std::string& text) {
    const absl::Status status = LoadText(text);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << ToText(status);
    const std::string message(status.message());
    const size_t folder = message.find(dir_.path() + "/");
    return folder == 0 ? message.substr(dir_.path().size() + 1) : message;
  }
  absl::Status LoadSets(std::vector<std::string> sets) {
    return schema_.Load({.file = "", .sets = std::move(sets), .environment = kNoEnvironment});
  }
  absl::Status LoadEnvironment(std::vector<std::string> environment) {
    environment.push_back("INNKEEPER_AGENT_COORDINATOR_ENDPOINT=c:1");
    return schema_.Load({.file = "", .sets = {}, .environment = std::move(environment)});
  }

  const std::vector<std::string> kNoEnvironment{"PATH=/usr/bin"};
  TempDir dir_;
  Settings is_;
  ConfigSchema schema_{"innkeeper-agent", "INNKEEPER_AGENT"};
};

TEST_F(ConfigTest, ReadsEveryTypeFromTheFile) {
  const absl::Status loaded = LoadText(
      "coordinator:\n  verify: false\nworkers: 8\nsweep: 90s\n"
      "ipa:\n  servers: [a.example.test, b.example.test]\n  password: hunter2\n"
      "guest: {delivery: agent}\n"
      "policy:\n  rules:\n  - namespace: shop\n    suffixes: [a.test, b.test]\n");
  ASSERT_TRUE(loaded.ok()) << ToText(loaded);
  EXPECT_FALSE(is_.verify);
  EXPECT_EQ(is_.workers, 8);
  EXPECT_EQ(is_.sweep, seconds(90));
  EXPECT_THAT(is_.servers, ElementsAre("a.example.test", "b.example.test"));
  EXPECT_EQ(is_.password.Reveal(), "hunter2");
  EXPECT_EQ(is_.delivery, "agent");
  EXPECT_THAT(is_.rules,
              ElementsAre(ConfigSchema::Row{{"namespace", "shop"}, {"suffixes", "a.test,b.test"}}));
}

TEST_F(ConfigTest, KeepsDefaultsForWhatIsNotSet) {
  ASSERT_TRUE(LoadText("ipa:\n").ok());
  ASSERT_TRUE(LoadText("").ok());
  EXPECT_EQ(is_.workers, 4);
  EXPECT_THAT(is_.servers, ElementsAre("ipa1.example.test"));
}

TEST_F(ConfigTest, LetsSetsWinOverTheEnvironmentAndThatOverTheFile) {
  const std::string file =
      dir_.Write("agent.yaml", "workers: 2\nsweep: 2s\nguest: {delivery: agent}\n");
  ASSERT_TRUE(schema_
                  .Load({.file = file,
                         .sets = {"workers=9", "coordinator.endpoint=c:1"},
                         .environment = {"INNKEEPER_AGENT_WORKERS=7", "INNKEEPER_AGENT_SWEEP=7s"}})
                  .ok());
  EXPECT_EQ(is_.workers, 9);
  EXPECT_EQ(is_.sweep, seconds(7));
  EXPECT_EQ(is_.delivery, "agent");
}

TEST_F(ConfigTest, NamesFileLineAndTheNearestKeyOfAMisspeltOne) {
  EXPECT_EQ(ErrorOf("workers: 2\ncoordinator:\n  endpont: c:1\n"),
            "agent.yaml:3: unknown key 'coordinator.endpont' (did you mean "
            "'coordinator.endpoint'?)");
  EXPECT_EQ(ErrorOf("zzzzzzzz: 1\n"), "agent.yaml:1: unknown key 'zzzzzzzz'");
}

TEST_F(ConfigTest, QuotesNoControlCharactersOfTheFile) {
  EXPECT_EQ(ErrorOf("\"a\\u001b[31m\": 1\n"), "agent.yaml:1: unknown key 'a\xEF\xBF\xBD[31m'");
}

TEST_F(ConfigTest, SaysWhatWasExpectedOfAWrongValue) {
  EXPECT_EQ(ErrorOf("workers: many\n"),
            "agent.yaml:1: workers: a number 1..64 is expected, not 'many'");
  EXPECT_EQ(ErrorOf("workers: 65\n"),
            "agent.yaml:1: workers: a number 1..64 is expected, not '65'");
  EXPECT_EQ(ErrorOf("workers: [1]\n"),
            "agent.yaml:1: workers: a number 1..64 is expected, not a list");
  EXPECT_EQ(ErrorOf("sweep: 2h\n"), "agent.yaml:1: sweep: a duration 1s..1h is expected, not '2h'");
  EXPECT_EQ(
      ErrorOf("sweep: 10\n"),
      "agent.yaml:1: sweep: a duration like 250ms, 30s, 15m, 12h or 90d is expected, not '10'");
  EXPECT_EQ(ErrorOf("coordinator: {verify: yes}\n"),
            "agent.yaml:1: coordinator.verify: true or false is expected, not 'yes'");
  EXPECT_EQ(ErrorOf("ipa:\n  servers: one\n"),
            "agent.yaml:2: ipa.servers: a list of text is expected, not a single value");
  EXPECT_EQ(ErrorOf("ipa: {servers: [[a]]}\n"),
            "agent.yaml:1: ipa.servers: text in the list is expected, not a list");
  EXPECT_EQ(ErrorOf("guest: {delivery: post}\n"),
            "agent.yaml:1: guest.delivery: one of auto, cloudInit, agent is expected, not 'post'");
  EXPECT_EQ(ErrorOf("guest: agent\n"), "agent.yaml:1: 'guest' is a section, not a value");
  EXPECT_EQ(ErrorOf("- a\n"), "agent.yaml:1: a mapping is expected");
}

TEST_F(ConfigTest, ChecksTheFieldsOfEachRow) {
  EXPECT_EQ(ErrorOf("policy:\n  rules:\n  - namespace: a\n    sufixes: b\n"),
            "agent.yaml:2: policy.rules: line 3: unknown key 'sufixes'; known are namespace, "
            "suffixes");
  EXPECT_THAT(ErrorOf("policy: {rules: [{suffixes: {a: b}}]}\n"),
              HasSubstr("suffixes: text or a list of text is expected, not a mapping"));
  EXPECT_THAT(ErrorOf("policy: {rules: [a]}\n"), HasSubstr("a mapping is expected"));
}

TEST_F(ConfigTest, RefusesAKeyThatStandsTwice) {
  EXPECT_EQ(ErrorOf("workers: 1\nsweep: 1s\nworkers: 2\n"),
            "agent.yaml:3: 'workers' stands here twice");
  EXPECT_EQ(ErrorOf("policy:\n  rules:\n  - namespace: a\n    namespace: b\n"),
            "agent.yaml:4: 'namespace' stands here twice");
}

TEST_F(ConfigTest, RefusesAliasesBeforeTheyUnfold) {
  EXPECT_EQ(ErrorOf("ipa:\n  servers: &a [x]\npolicy:\n  rules: [*a, *a]\n"),
            "agent.yaml:4: aliases (*name) are not allowed");
}

TEST_F(ConfigTest, RefusesWhatIsTooBigTooDeepOrTooMany) {
  EXPECT_EQ(ErrorOf("# " + std::string(1 << 20, 'x')), "agent.yaml: larger than 1 MiB");
  EXPECT_EQ(ErrorOf("a: " + std::string(400, '[') + std::string(400, ']')),
            "agent.yaml:1: nested too deep");
  std::string many = "ipa:\n  servers:\n";
  for (int i = 0; i < 60'000; ++i) many += "  - a\n";
  EXPECT_THAT(ErrorOf(many), HasSubstr("too many values"));
}

TEST_F(ConfigTest, RefusesTextThatIsNoYamlOrNotAlone) {
  EXPECT_THAT(ErrorOf("workers: [1\n"), HasSubstr("agent.yaml:"));
  EXPECT_EQ(ErrorOf("workers: 1\n---\nworkers: 2\n"), "agent.yaml: holds more than one document");
  EXPECT_EQ(ErrorOf("workers: \xFF\n"), "agent.yaml: is not UTF-8 text");
}

TEST_F(ConfigTest, TellsAMissingFileFromABadOne) {
  const absl::Status status =
      schema_.Load({.file = dir_.File("none.yaml"), .sets = {}, .environment = kNoEnvironment});
  EXPECT_TRUE(absl::IsNotFound(status)) << ToText(status);
  EXPECT_FALSE(schema_.Load({.file = dir_.path(), .sets = {}, .environment = kNoEnvironment}).ok());
}

TEST_F(ConfigTest, AsksForARequiredKeyInAllThreeWays) {
  EXPECT_EQ(std::string(LoadSets({}).message()),
            "'coordinator.endpoint' must be set (Where the coordinator is.): in the file, as "
            "INNKEEPER_AGENT_COORDINATOR_ENDPOINT, or with --set coordinator.endpoint=...");
}

TEST_F(ConfigTest, ChecksSetsAsItChecksTheFile) {
  EXPECT_THAT(ToText(LoadSets({"workers"})), HasSubstr("--set workers: key=value is expected"));
  EXPECT_THAT(ToText(LoadSets({"worker=1"})), HasSubstr("did you mean 'workers'?"));
  EXPECT_THAT(ToText(LoadSets({"workers=0"})), HasSubstr("--set workers: a number 1..64"));
  EXPECT_THAT(ToText(LoadSets({"policy.rules=a"})), HasSubstr("can be set in the file only"));
}

TEST_F(ConfigTest, SplitsListsOutsideTheFileAtCommas) {
  ASSERT_TRUE(LoadSets({"ipa.servers=a,b", "coordinator.endpoint=c:1"}).ok());
  EXPECT_THAT(is_.servers, ElementsAre("a", "b"));
  ASSERT_TRUE(LoadSets({"ipa.servers=", "coordinator.endpoint=c:1"}).ok());
  EXPECT_THAT(is_.servers, ElementsAre());
}

TEST_F(ConfigTest, RefusesAnUnknownNameInsideItsPrefixOnly) {
  EXPECT_TRUE(LoadEnvironment({"INNKEEPER_COORDINATOR_WORKERS=x", "WORKERS=x"}).ok());
  EXPECT_EQ(ToText(LoadEnvironment({"INNKEEPER_AGENT_WORKER=1"})),
            "INVALID_ARGUMENT: environment variable INNKEEPER_AGENT_WORKER names no key");
}

// A pod finds these in its environment when a Service is named after the program.
TEST_F(ConfigTest, IgnoresWhatKubernetesMakesOfItsServices) {
  EXPECT_TRUE(LoadEnvironment({"INNKEEPER_AGENT_SERVICE_HOST=10.96.0.7",
                               "INNKEEPER_AGENT_SERVICE_PORT_HTTPS=8443",
                               "INNKEEPER_AGENT_PORT=tcp://10.96.0.7:8443",
                               "INNKEEPER_AGENT_PORT_8443_TCP=tcp://10.96.0.7:8443",
                               "INNKEEPER_AGENT_PORT_8443_TCP_ADDR=10.96.0.7"})
                  .ok());
  EXPECT_FALSE(LoadEnvironment({"INNKEEPER_AGENT_PORT=8443"}).ok());
}

TEST_F(ConfigTest, TakesASecretFromAnywhereButArguments) {
  EXPECT_TRUE(LoadEnvironment({"INNKEEPER_AGENT_IPA_PASSWORD=hunter2"}).ok());
  EXPECT_EQ(is_.password.Reveal(), "hunter2");
  const std::string refusal = ToText(LoadSets({"ipa.password=hunter3"}));
  EXPECT_THAT(refusal, HasSubstr("every process can read arguments"));
  EXPECT_THAT(refusal, Not(HasSubstr("hunter3")));
}

TEST_F(ConfigTest, PrintsWhatItWouldLoadAgainButNoSecret) {
  ASSERT_TRUE(
      LoadText("coordinator: {verify: false}\nworkers: 8\nipa: {password: hunter2, servers: "
               "['true', '~', 'a: b']}\npolicy: {rules: [{namespace: shop}]}\n")
          .ok());
  const std::string printed = schema_.Print();
  EXPECT_THAT(printed, Not(HasSubstr("hunter2")));
  EXPECT_THAT(printed, HasSubstr("[redacted]"));
  ASSERT_TRUE(LoadText(printed).ok()) << printed;
  EXPECT_EQ(schema_.Print(), printed);
  EXPECT_THAT(is_.servers, ElementsAre("true", "~", "a: b"));
  EXPECT_EQ(is_.workers, 8);
}

TEST_F(ConfigTest, DescribesEachKeyInOneRowOfTheReference) {
  const std::string reference = schema_.Reference();
  EXPECT_THAT(reference,
              HasSubstr("| `sweep` | `INNKEEPER_AGENT_SWEEP` | a duration 1s..1h | `5m` | "
                        "Pause. |\n"));
  EXPECT_THAT(reference,
              HasSubstr("| `policy.rules` | - | list of mappings (file only) |  | Rules. "
                        "Fields: namespace, suffixes. |\n"));
  EXPECT_THAT(reference, HasSubstr("Where the coordinator is. Required. |\n"));
}

TEST(Duration, GoesToTextAndBack) {
  for (const Duration value :
       {Duration(milliseconds(250)), Duration(seconds(30)), Duration(minutes(15)),
        Duration(hours(12)), Duration(hours(24 * 90)), Duration(seconds(90)), Duration::zero()}) {
    EXPECT_EQ(*ParseDuration(FormatDuration(value)), value) << FormatDuration(value);
  }
  EXPECT_EQ(FormatDuration(hours(48)), "2d");
  EXPECT_EQ(FormatDuration(seconds(90)), "90s");
}

TEST(Duration, RefusesEverythingElse) {
  for (const char* text : {"", "s", "5", "-5s", "+5s", "5 s", "5S", "1h30m", "1.5h", "5w",
                           "99999999999999999999s", "200000d", "9223372036854775807s"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

}  // namespace
}  // namespace innkeeper
