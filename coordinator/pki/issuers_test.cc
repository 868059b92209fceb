#include "coordinator/pki/issuers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/testing/fake_clock.h"
#include "coordinator/pki/certificates.h"
#include "coordinator/pki/testing/fake_vault.h"
#include "coordinator/pki/testing/test_request.h"

namespace innkeeper {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

const Call kCall = Call::Within(std::chrono::seconds(30));
const NodeIdentity kNode{.node = {"host1"}, .space = "demo"};
constexpr absl::Duration kDay = absl::Hours(24);

class IssuersTest : public testing::Test {
 protected:
  std::unique_ptr<Issuers> Open() {
    auto issuers = Issuers::Open(vault_, {"c1"}, clock_, kCall);
    EXPECT_TRUE(issuers.ok()) << issuers.status();
    return *std::move(issuers);
  }
  FakeVault vault_;
  FakeClock clock_;
};

TEST_F(IssuersTest, MakesEachAuthorityOnceAndFindsItAgain) {
  const auto first = Open();
  const auto again = Open();
  for (const Authority authority : kAuthorities) {
    EXPECT_EQ(first->Bundle(authority), again->Bundle(authority));
  }
  EXPECT_NE(first->Bundle(Authority::kAgents), first->Bundle(Authority::kCoordinator));
  EXPECT_NE(first->Bundle(Authority::kAgents), first->Bundle(Authority::kOperators));
}

TEST_F(IssuersTest, TwoCoordinatorsThatStartAtOnceEndWithTheSameAuthorities) {
  std::unique_ptr<Issuers> a, b;
  std::thread other([&] { a = Open(); });
  b = Open();
  other.join();
  for (const Authority authority : kAuthorities) {
    EXPECT_EQ(a->Bundle(authority), b->Bundle(authority));
  }
}

TEST_F(IssuersTest, ABrokenEntryIsNeverReplacedByANewAuthority) {
  ASSERT_TRUE(vault_.Write("ca/agents", Secret("not json"), 0, kCall).ok());
  EXPECT_EQ(Issuers::Open(vault_, {"c1"}, clock_, kCall).status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_THAT(vault_.Everything(), HasSubstr("ca/agents=not json"));
}

TEST_F(IssuersTest, AnAuthorityLivesTenYears) {
  const auto facts = ReadCertificate(Open()->Bundle(Authority::kAgents));
  ASSERT_TRUE(facts.ok());
  EXPECT_GT(facts->not_after, clock_.Now() + 3649 * kDay);
  EXPECT_LT(facts->not_after, clock_.Now() + 3651 * kDay);
}

TEST_F(IssuersTest, AnAgentsCertificateNamesItsNodeWhateverTheRequestSays) {
  const auto issuers = Open();
  const TestRequest request = MakeTestRequest("P-256", "somebody else");
  const auto chain = issuers->IssueAgent(kNode, request.text, 90 * kDay);
  ASSERT_TRUE(chain.ok()) << chain.status();
  const auto facts = ReadCertificate(*chain);
  ASSERT_TRUE(facts.ok());
  EXPECT_THAT(facts->uris, ElementsAre("innkeeper://c1/node/demo/host1"));
  EXPECT_EQ(facts->common_name, "host1");
  EXPECT_EQ(facts->not_after, clock_.Now() + 90 * kDay);
  EXPECT_TRUE(VerifyClient(*chain, issuers->Bundle(Authority::kAgents), clock_.Now()).ok());
  EXPECT_TRUE(ValidateKeyPair({*chain, Secret(request.key)}, issuers->Bundle(Authority::kAgents),
                              clock_.Now())
                  .ok());
}

TEST_F(IssuersTest, RefusesRequestsThatAreNoneAndOtherKeys) {
  const auto issuers = Open();
  std::string tampered = MakeTestRequest().text;
  tampered[tampered.size() / 2] = tampered[tampered.size() / 2] == 'A' ? 'B' : 'A';
  for (const std::string& bad : {std::string(), std::string("x"), std::string(100'000, 'x'),
                                 tampered, MakeTestRequest("P-384").text}) {
    EXPECT_EQ(issuers->IssueAgent(kNode, bad, kDay).status().code(),
              absl::StatusCode::kInvalidArgument)
        << bad.substr(0, 60);
  }
}

TEST_F(IssuersTest, RefusesNamesThatWouldChangeTheMeaningOfTheUri) {
  const auto issuers = Open();
  const std::string request = MakeTestRequest().text;
  for (const std::string bad : {"", "a/b", "A", "a b", "-a", "a-", "..", "a%2f", "a?b", "ä"}) {
    EXPECT_FALSE(issuers->IssueAgent({{bad}, "demo"}, request, kDay).ok()) << bad;
    EXPECT_FALSE(issuers->IssueAgent({{"host1"}, bad}, request, kDay).ok()) << bad;
    EXPECT_FALSE(issuers->IssueOperator(bad, "", kDay).ok()) << bad;
  }
}

TEST_F(IssuersTest, AServingCertificateIsForItsNamesAndNoClient) {
  const auto issuers = Open();
  const auto pair = issuers->IssueServing({"coordinator.test", "127.0.0.1", "::1"}, kDay);
  ASSERT_TRUE(pair.ok()) << pair.status();
  const auto facts = ReadCertificate(pair->chain);
  ASSERT_TRUE(facts.ok());
  EXPECT_EQ(facts->names.size(), 3u);
  EXPECT_THAT(facts->names, testing::IsSupersetOf({"coordinator.test", "127.0.0.1"}));
  EXPECT_TRUE(ValidateKeyPair(*pair, issuers->Bundle(Authority::kCoordinator), clock_.Now()).ok());
  EXPECT_FALSE(
      VerifyClient(pair->chain, issuers->Bundle(Authority::kCoordinator), clock_.Now()).ok());
  EXPECT_THAT(pair->chain, HasSubstr(issuers->Bundle(Authority::kCoordinator)));
}

TEST_F(IssuersTest, APromotedAuthoritySignsAndTheOldOneStaysTrusted) {
  const auto issuers = Open();
  const auto old_chain = issuers->IssueAgent(kNode, MakeTestRequest().text, kDay);
  const std::string old_bundle = issuers->Bundle(Authority::kAgents);
  EXPECT_EQ(issuers->Promote(Authority::kAgents, kCall).code(),
            absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(issuers->PrepareNext(Authority::kAgents, kCall).ok());
  EXPECT_EQ(issuers->PrepareNext(Authority::kAgents, kCall).code(),
            absl::StatusCode::kAlreadyExists);
  const auto between = issuers->IssueAgent(kNode, MakeTestRequest().text, kDay);
  ASSERT_TRUE(VerifyClient(*between, old_bundle, clock_.Now()).ok())
      << "the next one signs already";

  ASSERT_TRUE(issuers->Promote(Authority::kAgents, kCall).ok());
  const std::string bundle = Open()->Bundle(Authority::kAgents);
  const auto new_chain = issuers->IssueAgent(kNode, MakeTestRequest().text, kDay);
  EXPECT_TRUE(VerifyClient(*new_chain, bundle, clock_.Now()).ok());
  EXPECT_TRUE(VerifyClient(*old_chain, bundle, clock_.Now()).ok());
  EXPECT_FALSE(VerifyClient(*new_chain, old_bundle, clock_.Now()).ok());
}

}  // namespace
}  // namespace innkeeper
