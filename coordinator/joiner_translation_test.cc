#include "coordinator/joiner_translation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"
#include "coordinator/config.h"

namespace innkeeper {
namespace {

using testing::HasSubstr;
using testing::Not;

class JoinerTranslationTest : public testing::Test {
 protected:
  absl::StatusOr<JoinerTranslation> From(const std::string& file, const std::string& env = "") {
    ASSIGN_OR_RETURN(const JoinerSettings settings,
                     ReadJoinerSettings(dir_.Write("config.yaml", file),
                                        env.empty() ? "" : dir_.Write("env", env)));
    return Translate(settings);
  }
  std::string Refused(const std::string& file, const std::string& env = "") {
    const absl::Status status = From(file, env).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << ToText(status);
    return std::string(status.message());
  }
  static std::string Notes(const JoinerTranslation& translation) {
    std::string text;
    for (const auto& note : translation.notes)
      text += note.place + ": " + note.key + ": " + note.became + "\n";
    return text;
  }
  TempDir dir_;
};

constexpr char kWhole[] = R"(ipa_host: ipa1.example.com, ipa2.example.com
ipa_user: joiner
ipa_pass: canary-secret
domain: Example.com
realm: EXAMPLE.COM
ipa_verify_ssl: false
finalizer_name: mine.example.com/cleanup
log_level: WARNING
os_map:
  ubuntu: {cmd: apt}
colour: red
)";

TEST_F(JoinerTranslationTest, EveryKeyBecomesOneOfOursOrIsNamedWithTheReason) {
  const absl::StatusOr<JoinerTranslation> done = From(kWhole);
  ASSERT_TRUE(done.ok()) << ToText(done.status());
  EXPECT_EQ(done->notes.size(), 10u);
  const std::string notes = Notes(*done);
  for (const char* said :
       {"config.yaml:1: ipa_host: ipa.servers", "config.yaml:2: ipa_user: not taken over",
        "config.yaml:3: ipa_pass: not taken over", ":4: domain: ipa.domain: example.com",
        ":5: realm: ipa.realm: EXAMPLE.COM", ":6: ipa_verify_ssl: nothing like it",
        ":7: finalizer_name: virt_ipa_joiner.finalizer", ":8: log_level: log.level: warning",
        ":9: os_map: nothing like it", ":11: colour: not one of"}) {
    EXPECT_THAT(notes, HasSubstr(said));
  }
  EXPECT_THAT(notes + done->yaml, Not(HasSubstr("canary")));
}

TEST_F(JoinerTranslationTest, WhatIsPrintedIsAConfigurationOfOurs) {
  const absl::StatusOr<JoinerTranslation> done = From(kWhole);
  ASSERT_TRUE(done.ok());
  CoordinatorConfig config;
  ConfigSchema schema("innkeeper-coordinator", "INNKEEPER_COORDINATOR");
  config.Describe(schema);
  const absl::Status loaded =
      schema.Load({.file = dir_.Write("coordinator.yaml", done->yaml), .environment = {"A=b"}});
  ASSERT_TRUE(loaded.ok()) << ToText(loaded);
  EXPECT_EQ(config.home, "kubernetes");
  EXPECT_EQ(config.ipa.domain, "example.com");
  EXPECT_EQ(config.ipa.realm, "EXAMPLE.COM");
  EXPECT_THAT(config.ipa.servers, testing::ElementsAre("ipa1.example.com", "ipa2.example.com"));
  EXPECT_EQ(config.virt_ipa_joiner.finalizer, "mine.example.com/cleanup");
  EXPECT_EQ(config.log_level, "warning");
}

TEST_F(JoinerTranslationTest, TheEnvironmentWinsAndItsStrangersAreLeftAlone) {
  const absl::StatusOr<JoinerTranslation> done =
      From("domain: old.example.com\n",
           "# Deployment joiner, container webhook\nPATH=/bin\n\nDOMAIN='new.example.com'\n"
           "domain=small.example.com\nCONFIG_PATH=/etc/x\n# IPA_PASS from secret s, key p\n");
  ASSERT_TRUE(done.ok()) << ToText(done.status());
  EXPECT_THAT(done->yaml, HasSubstr("domain: new.example.com"));
  EXPECT_EQ(done->notes.size(), 1u) << Notes(*done);
  EXPECT_THAT(done->notes[0].place, HasSubstr("env:4"));
}

TEST_F(JoinerTranslationTest, BadInputIsNamedByFileAndLineAndNoPasswordIsShown) {
  EXPECT_THAT(Refused("realm: X.Y\ndomain: no_domain\n"), HasSubstr("config.yaml:2: domain: "));
  EXPECT_THAT(Refused("domain: a.b\nipa_host: ok.a.b,ba d\n"), HasSubstr(":2: ipa_host: "));
  EXPECT_THAT(Refused("domain: a.b\nlog_level: loud\n"), HasSubstr(":2: log_level: "));
  EXPECT_THAT(Refused("domain: a.b\nfinalizer_name: cleanup\n"), HasSubstr(":2: finalizer_name"));
  EXPECT_THAT(Refused("domain: [a.b]\n"), HasSubstr(":1: domain: one value"));
  EXPECT_THAT(Refused("domain: a.b\ndomain: c.d\n"), HasSubstr("config.yaml:2"));
  EXPECT_THAT(Refused("- domain\n"), HasSubstr("config.yaml:1"));
  EXPECT_THAT(Refused("domain: a.b\n\tx\n"), HasSubstr("config.yaml:2"));
  EXPECT_THAT(Refused("realm: X.Y\n"), HasSubstr("domain stands nowhere"));
  const std::string line = Refused("domain: a.b\n", "A=b\ncanary-secret\n");
  EXPECT_THAT(line, HasSubstr("env:2: NAME=value"));
  EXPECT_THAT(line, Not(HasSubstr("canary")));
  EXPECT_TRUE(absl::IsNotFound(ReadJoinerSettings("/no/such/file", "").status()));
  EXPECT_TRUE(absl::IsNotFound(ReadJoinerSettings("", "/no/such/file").status()));
}

}  // namespace
}  // namespace innkeeper
