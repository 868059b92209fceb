#include "coordinator/pki/roles.h"

#include <gtest/gtest.h>

#include "base/testing/fake_clock.h"
#include "coordinator/pki/certificates.h"
#include "coordinator/pki/testing/fake_vault.h"
#include "coordinator/pki/testing/test_request.h"

namespace innkeeper {
namespace {

const Call kCall = Call::Within(std::chrono::seconds(30));
constexpr absl::Duration kDay = absl::Hours(24);

class RolesTest : public testing::Test {
 protected:
  static std::unique_ptr<Issuers> Open(Vault& vault, const std::string& cluster,
                                       const Clock& clock) {
    return *Issuers::Open(vault, {cluster}, clock, kCall);
  }
  // A certificate with anything in it, by an authority of this cluster.
  std::string Forge(Authority authority, LeafSpec leaf) {
    const auto entry =
        vault_.Read(authority == Authority::kAgents ? "ca/agents" : "ca/operators", kCall);
    const std::string json(entry->bytes.Reveal());
    leaf.from = clock_.Now() - absl::Minutes(1);
    leaf.until = clock_.Now() + kDay;
    const KeyPair ca = Parse(json);
    return *SignForKey(leaf, *MakeKey(), ca);
  }
  static std::string Unescape(const std::string& text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\\' && text[i + 1] == 'n') {
        out += '\n';
        ++i;
      } else {
        out += text[i];
      }
    }
    return out;
  }
  static KeyPair Parse(const std::string& json) {
    const auto field = [&](const std::string& name) {
      const size_t from = json.find("\"" + name + "\":\"") + name.size() + 4;
      return Unescape(json.substr(from, json.find('"', from) - from));
    };
    return {field("certificate"), Secret(field("key"))};
  }

  FakeVault vault_, sibling_vault_;
  FakeClock clock_;
  std::unique_ptr<Issuers> issuers_ = Open(vault_, "c1", clock_);
};

TEST_F(RolesTest, AnAgentsCertificateIsItsNode) {
  const auto chain = issuers_->IssueAgent({{"host1"}, "demo"}, MakeTestRequest().text, kDay);
  const auto role = RoleOf(*chain, *issuers_, clock_.Now());
  ASSERT_TRUE(role.ok()) << role.status();
  ASSERT_NE(role->agent(), nullptr);
  EXPECT_EQ(role->agent()->node.node.text, "host1");
  EXPECT_EQ(role->agent()->node.space, "demo");
  EXPECT_EQ(role->person(), nullptr);
  EXPECT_EQ(role->certificate_expires, clock_.Now() + kDay);
}

TEST_F(RolesTest, AnOperatorsCertificateIsItsPerson) {
  const auto pair = issuers_->IssueOperator("ada", "", kDay);
  const auto role = RoleOf(pair->chain, *issuers_, clock_.Now());
  ASSERT_TRUE(role.ok()) << role.status();
  ASSERT_NE(role->person(), nullptr);
  EXPECT_EQ(role->person()->name, "ada");
  EXPECT_EQ(role->agent(), nullptr);
}

TEST_F(RolesTest, NothingElseHasARole) {
  const auto sibling = Open(sibling_vault_, "c1", clock_);  // the same cluster id, other keys
  FakeVault other_vault;
  const auto other = Open(other_vault, "c2", clock_);
  const std::string request = MakeTestRequest().text;
  const std::string agent_uri = "innkeeper://c1/node/demo/host1";
  const std::string operator_uri = "innkeeper://c1/operator/ada";
  const std::vector<std::pair<std::string, std::string>> refused = {
      {"nothing", ""},
      {"no certificate", "hello"},
      {"the coordinator's", issuers_->IssueServing({"coordinator.test"}, kDay)->chain},
      {"a sibling authority's agent", *sibling->IssueAgent({{"host1"}, "demo"}, request, kDay)},
      {"a sibling authority's operator", sibling->IssueOperator("ada", "", kDay)->chain},
      {"another cluster's agent", *other->IssueAgent({{"host1"}, "demo"}, request, kDay)},
      {"an authority itself", issuers_->Bundle(Authority::kAgents)},
      {"an operator by the agents' authority",
       Forge(Authority::kAgents, {.common_name = "x", .uris = {operator_uri}, .names = {}})},
      {"an agent by the operators' authority",
       Forge(Authority::kOperators, {.common_name = "x", .uris = {agent_uri}, .names = {}})},
      {"no URI",
       Forge(Authority::kAgents, {.common_name = "host1", .uris = {}, .names = {"host1"}})},
      {"two URIs", Forge(Authority::kAgents,
                         {.common_name = "x", .uris = {agent_uri, agent_uri + "2"}, .names = {}})},
      {"two roles", Forge(Authority::kAgents,
                          {.common_name = "x", .uris = {agent_uri, operator_uri}, .names = {}})},
      {"another cluster's name",
       Forge(Authority::kAgents,
             {.common_name = "x", .uris = {"innkeeper://c2/node/demo/host1"}, .names = {}})},
      {"another scheme",
       Forge(Authority::kAgents,
             {.common_name = "x", .uris = {"https://c1/node/demo/host1"}, .names = {}})},
      {"no node", Forge(Authority::kAgents,
                        {.common_name = "x", .uris = {"innkeeper://c1/node/demo/"}, .names = {}})},
      {"a path too long",
       Forge(Authority::kAgents, {.common_name = "x", .uris = {agent_uri + "/more"}, .names = {}})},
      {"a server's usage",
       Forge(Authority::kAgents,
             {.common_name = "x", .uris = {agent_uri}, .names = {}, .usage = LeafUsage::kServer})},
  };
  for (const auto& [name, pem] : refused) {
    EXPECT_EQ(RoleOf(pem, *issuers_, clock_.Now()).status().code(),
              absl::StatusCode::kPermissionDenied)
        << name;
  }
}

TEST_F(RolesTest, ARoleEndsWithItsCertificate) {
  const auto chain = issuers_->IssueAgent({{"host1"}, "demo"}, MakeTestRequest().text, kDay);
  EXPECT_TRUE(RoleOf(*chain, *issuers_, clock_.Now() + kDay - absl::Seconds(2)).ok());
  EXPECT_FALSE(RoleOf(*chain, *issuers_, clock_.Now() + kDay + absl::Seconds(2)).ok());
  EXPECT_FALSE(RoleOf(*chain, *issuers_, clock_.Now() - absl::Hours(1)).ok());
}

}  // namespace
}  // namespace innkeeper
