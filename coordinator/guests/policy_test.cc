#include "coordinator/guests/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace innkeeper {
namespace {

using testing::HasSubstr;

const NamingFacts kFacts{"example.test", 64};

Guest MakeGuest(const std::string& space = "lab", const std::string& name = "web") {
  Guest guest;
  guest.key = {space, name};
  return guest;
}

PolicyDecision DecideDefault(const Guest& guest, std::optional<VmRecord> vm = std::nullopt) {
  return Decide(DefaultPolicy(), guest, vm, kFacts);
}

void ExpectRefused(const PolicyDecision& decision, Reason reason, const std::string& why) {
  ASSERT_TRUE(decision.refusal.has_value()) << "expected: " << why;
  EXPECT_EQ(decision.refusal->reason, reason) << why;
  EXPECT_THAT(decision.refusal->message, HasSubstr(why));
}

TEST(Policy, NamesByTheTemplateInLowerCase) {
  const PolicyDecision decision = DecideDefault(MakeGuest("Lab", "Web"));
  EXPECT_FALSE(decision.refusal.has_value());
  EXPECT_EQ(decision.fqdn.text, "web.lab.example.test");
}

TEST(Policy, AnExplicitNameWinsAndTheSpecsBeforeTheMetadatas) {
  Guest guest = MakeGuest();
  VmRecord vm;
  vm.wish_fqdn = "a.example.test";
  EXPECT_EQ(DecideDefault(guest, vm).fqdn.text, "a.example.test");
  guest.spec.fqdn = "B.example.test";
  EXPECT_EQ(DecideDefault(guest, vm).fqdn.text, "b.example.test");
}

TEST(Policy, ARenamedDomainKeepsItsAssignedName) {
  Guest guest = MakeGuest();
  guest.status.fqdn = {"old.lab.example.test"};
  guest.key.name = "new";
  EXPECT_EQ(DecideDefault(guest).fqdn.text, "old.lab.example.test");
}

TEST(Policy, RefusesNamesThatAreNone) {
  ExpectRefused(DecideDefault(MakeGuest("lab", "web_1")), Reason::kNameRefused, "only letters");
  ExpectRefused(DecideDefault(MakeGuest("lab", std::string(60, 'a'))), Reason::kNameRefused,
                "at most 64");
  ExpectRefused(DecideDefault(MakeGuest("lab", "a b")), Reason::kNameRefused, "only letters");
}

TEST(Policy, RefusesNamesOutsideItsSuffixes) {
  Guest guest = MakeGuest();
  for (const char* name :
       {"web.other.test", "example.test", "xexample.test", "ipa.example.test.evil.org"}) {
    guest.spec.fqdn = name;
    ExpectRefused(DecideDefault(guest), Reason::kNameRefused, "does not allow the name");
  }
}

TEST(Policy, TheFirstMatchingRuleDecides) {
  PolicyRule closed, open;
  closed.namespaces = "prod-*";
  closed.suffixes = {"{namespace}.{domain}"};
  closed.quota = 3;
  const Policy policy = {closed, open};
  Guest guest = MakeGuest("prod-a");
  EXPECT_EQ(Decide(policy, guest, std::nullopt, kFacts).quota, 3);
  guest.spec.fqdn = "web.example.test";
  ExpectRefused(Decide(policy, guest, std::nullopt, kFacts), Reason::kNameRefused, "prod-a");
  guest.key.space = "lab";
  EXPECT_FALSE(Decide(policy, guest, std::nullopt, kFacts).refusal.has_value());
}

TEST(Policy, MatchesByNodeToo) {
  PolicyRule rule;
  rule.nodes = "host?";
  VmRecord vm;
  vm.node = {"host1"};
  EXPECT_FALSE(Decide({rule}, MakeGuest(), vm, kFacts).refusal.has_value());
  vm.node = {"host11"};
  ExpectRefused(Decide({rule}, MakeGuest(), vm, kFacts), Reason::kPolicyRefused, "no policy rule");
}

TEST(Policy, AllowsOnlyListedGroupsAndClasses) {
  PolicyRule rule;
  rule.host_groups = {"web"};
  rule.classes = {"tier1"};
  Guest guest = MakeGuest();
  guest.spec.host_groups = {"web"};
  guest.spec.host_class = "tier1";
  const PolicyDecision allowed = Decide({rule}, guest, std::nullopt, kFacts);
  EXPECT_FALSE(allowed.refusal.has_value());
  EXPECT_EQ(allowed.host_groups, guest.spec.host_groups);
  EXPECT_EQ(allowed.host_class, "tier1");
  guest.spec.host_groups = {"web", "admins"};
  ExpectRefused(Decide({rule}, guest, std::nullopt, kFacts), Reason::kPolicyRefused, "admins");
  guest.spec.host_groups = {};
  guest.spec.host_class = "tier0";
  ExpectRefused(Decide({rule}, guest, std::nullopt, kFacts), Reason::kPolicyRefused, "tier0");
}

TEST(Policy, NeverLetsATagLikeClassThroughWhateverTheRuleSays) {
  PolicyRule rule;
  rule.classes = {"INNKEEPER:c1:lab/web:u"};
  Guest guest = MakeGuest();
  guest.spec.host_class = "INNKEEPER:c1:lab/web:u";
  ExpectRefused(Decide({rule}, guest, std::nullopt, kFacts), Reason::kPolicyRefused, "tag");
}

TEST(ParsePolicy, ReadsEveryField) {
  const absl::StatusOr<Policy> policy = ParsePolicy({{{"namespaces", "prod-*"},
                                                      {"nodes", "h*"},
                                                      {"suffixes", "a.test, b.test"},
                                                      {"template", "{vm}.a.test"},
                                                      {"host_groups", "web,db"},
                                                      {"classes", "tier1"},
                                                      {"quota", "7"},
                                                      {"may_install", "false"},
                                                      {"may_set_clock", "true"}}});
  ASSERT_TRUE(policy.ok()) << policy.status();
  const PolicyRule& rule = policy->front();
  EXPECT_EQ(rule.namespaces, "prod-*");
  EXPECT_EQ(rule.nodes, "h*");
  EXPECT_EQ(rule.suffixes, (std::vector<std::string>{"a.test", "b.test"}));
  EXPECT_EQ(rule.name_template, "{vm}.a.test");
  EXPECT_EQ(rule.host_groups, (std::vector<std::string>{"web", "db"}));
  EXPECT_EQ(rule.quota, 7);
  EXPECT_FALSE(rule.may_install);
  EXPECT_TRUE(rule.may_set_clock);
  for (const std::string& field : PolicyFields())
    EXPECT_THAT(std::string(ParsePolicy({{{field, ""}}}).status().message()),
                testing::Not(HasSubstr("unknown")));
}

TEST(ParsePolicy, SaysWhatIsWrongAndWhere) {
  const struct {
    std::string field, text, why;
  } cases[] = {{"quota", "many", "policy rule 2, quota: not a number"},
               {"may_install", "yes", "neither true nor false"},
               {"classes", "innkeeper:x", "ownership tag"},
               {"template", "", "empty"},
               {"nonsense", "x", "unknown field"}};
  for (const auto& c : cases) {
    const absl::Status status = ParsePolicy({{}, {{c.field, c.text}}}).status();
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.why));
  }
}

TEST(Policy, GlobsMatchLikeAShells) {
  const struct {
    const char* glob;
    const char* text;
    bool matches;
  } cases[] = {{"*", "", true},      {"*", "abc", true},       {"a*c", "abbbc", true},
               {"a*c", "ab", false}, {"?", "", false},         {"a?c", "abc", true},
               {"", "a", false},     {"*a*b*", "xaxbx", true}, {"prod", "production", false}};
  for (const auto& c : cases) {
    PolicyRule rule;
    rule.nodes = c.glob;
    VmRecord vm;
    vm.node = {c.text};
    const bool allowed = !Decide({rule}, MakeGuest(), vm, kFacts).refusal.has_value();
    EXPECT_EQ(allowed, c.matches) << c.glob << " against " << c.text;
  }
}

}  // namespace
}  // namespace innkeeper
