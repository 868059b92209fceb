#include "coordinator/pki/join.h"

#include <gtest/gtest.h>

#include "base/testing/fake_clock.h"
#include "coordinator/pki/testing/fake_node_store.h"
#include "coordinator/pki/testing/fake_vault.h"
#include "coordinator/pki/testing/test_request.h"

namespace innkeeper {
namespace {

const Call kCall = Call::Within(std::chrono::seconds(30));

class JoinTest : public testing::Test {
 protected:
  Secret Token(const std::string& node = "", int64_t uses = 1) {
    auto made = tokens_.Create({.space = "demo", .node = node, .uses = uses}, kCall);
    return std::move(made->text);
  }
  absl::StatusOr<IssuedAgent> Join(const Secret& token, const std::string& node = "host1",
                                   const std::string& address = "10.0.0.1") {
    clock_.Advance(std::chrono::seconds(1));  // the rate limit is a test of its own
    return gate_.Join({token.Copy(), node, request_.text, address}, kCall);
  }

  FakeVault vault_;
  FakeClock clock_;
  FakeNodeStore nodes_;
  TestRequest request_ = MakeTestRequest();
  std::unique_ptr<Issuers> issuers_ = *Issuers::Open(vault_, {"c1"}, clock_, kCall);
  JoinTokens tokens_{vault_, clock_,
                     [this] { return issuers_->SpkiSha256(Authority::kCoordinator); }};
  NodeGate gate_{*issuers_, tokens_, nodes_, clock_, {}};
};

TEST_F(JoinTest, ATokenGivesACertificateAndARecord) {
  const auto joined = Join(Token());
  ASSERT_TRUE(joined.ok()) << joined.status();
  EXPECT_EQ(joined->node.space, "demo");
  EXPECT_EQ(joined->coordinator_ca, issuers_->Bundle(Authority::kCoordinator));
  const auto role = RoleOf(joined->certificate, *issuers_, clock_.Now());
  ASSERT_TRUE(role.ok());
  EXPECT_EQ(role->agent()->node.node.text, "host1");
  const auto record = *nodes_.Find({"host1"}, kCall);
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->certificate_serial, role->serial);
  EXPECT_EQ(record->certificate_expires, role->certificate_expires);
  EXPECT_FALSE(record->revoked);
}

TEST_F(JoinTest, AUsedTokenIsRefused) {
  const Secret token = Token();
  ASSERT_TRUE(Join(token).ok());
  EXPECT_TRUE(absl::IsUnauthenticated(Join(token, "host2").status()));
}

TEST_F(JoinTest, ABadRequestDoesNotSpendTheToken) {
  const Secret token = Token();
  request_.text = "nonsense";
  EXPECT_TRUE(absl::IsInvalidArgument(Join(token).status()));
  request_ = MakeTestRequest();
  EXPECT_TRUE(absl::IsInvalidArgument(Join(token, "Host 1").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Join(token, "a.b").status()));
  EXPECT_TRUE(Join(token).ok());
}

TEST_F(JoinTest, ATakenNameNeedsATokenMadeForIt) {
  ASSERT_TRUE(Join(Token()).ok());
  const Secret other = Token();
  EXPECT_TRUE(absl::IsAlreadyExists(Join(other).status()));
  EXPECT_TRUE(Join(other, "host2").ok()) << "the use was spent on the refusal";
  EXPECT_TRUE(Join(Token("host1")).ok());
}

TEST_F(JoinTest, WithoutATokenNobodyLearnsWhichNamesAreTaken) {
  ASSERT_TRUE(Join(Token()).ok());
  const Secret wrong("aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbb");
  EXPECT_EQ(Join(wrong, "host1").status(), Join(wrong, "free").status());
}

TEST_F(JoinTest, TriesAreLimitedPerAddress) {
  const Secret wrong("aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbb");
  const auto attempt = [&](const std::string& address) {
    return gate_.Join({wrong.Copy(), "host1", request_.text, address}, kCall).status();
  };
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(absl::IsUnauthenticated(attempt("10.0.0.9")));
  EXPECT_TRUE(absl::IsResourceExhausted(attempt("10.0.0.9")));
  EXPECT_TRUE(absl::IsUnauthenticated(attempt("10.0.0.10")));
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_TRUE(absl::IsUnauthenticated(attempt("10.0.0.9")));
  EXPECT_TRUE(absl::IsResourceExhausted(attempt("10.0.0.9")));
}

TEST_F(JoinTest, TheLimitRemembersABoundedNumberOfAddresses) {
  RateLimit limit({.per_second = 1, .burst = 2, .addresses = 4}, clock_);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(limit.Allow("10.0.1." + std::to_string(i)));
  EXPECT_TRUE(limit.Allow("10.0.2.1"));
  EXPECT_TRUE(limit.Allow("10.0.2.2"));
  EXPECT_FALSE(limit.Allow("10.0.2.3")) << "newcomers share a place when all are taken";
  clock_.Advance(std::chrono::seconds(5));
  EXPECT_TRUE(limit.Allow("10.0.2.3"));
  EXPECT_TRUE(limit.Allow("2001:db8::1"));
  EXPECT_TRUE(limit.Allow("2001:db8::2"));
  EXPECT_FALSE(limit.Allow("2001:db8::3")) << "one subscriber, one place";
}

TEST_F(JoinTest, ACertificateRenewsItself) {
  const auto joined = Join(Token());
  clock_.Advance(std::chrono::hours(24 * 30));
  const auto renewed = gate_.Renew(joined->certificate, MakeTestRequest().text, kCall);
  ASSERT_TRUE(renewed.ok()) << renewed.status();
  const auto role = RoleOf(renewed->certificate, *issuers_, clock_.Now());
  EXPECT_EQ(role->agent()->node.node.text, "host1");
  EXPECT_EQ((*nodes_.Find({"host1"}, kCall))->certificate_serial, role->serial);
}

TEST_F(JoinTest, TheRecordSaysWhichAuthorityTheNodeWasToldLast) {
  const auto told = [this] { return (*nodes_.Find({"host1"}, kCall))->told_authority; };
  const auto joined = Join(Token());
  EXPECT_EQ(told(), issuers_->Show(Authority::kCoordinator)->signing.spki_sha256);
  ASSERT_TRUE(issuers_->PrepareNext(Authority::kCoordinator, kCall).ok());
  const std::string next = issuers_->Show(Authority::kCoordinator)->next->spki_sha256;
  EXPECT_NE(told(), next);
  const auto renewed = gate_.Renew(joined->certificate, MakeTestRequest().text, kCall);
  ASSERT_TRUE(renewed.ok()) << renewed.status();
  EXPECT_EQ(told(), next);
  ASSERT_TRUE(issuers_->Promote(Authority::kCoordinator, kCall).ok());
  const std::string signing = issuers_->Signing(Authority::kCoordinator);
  EXPECT_NE(renewed->coordinator_ca.find(signing), std::string::npos);
  const std::string token(Token("host9").Reveal());
  EXPECT_TRUE(token.ends_with(next)) << "a new token names the authority that signs now";
}

TEST_F(JoinTest, OnlyAgentsThatAreKnownAndNotRevokedRenewOrConnect) {
  const auto joined = Join(Token());
  const auto ada = issuers_->IssueOperator("ada", "", absl::Hours(1));
  const auto stranger =
      issuers_->IssueAgent({{"stranger"}, "demo"}, MakeTestRequest().text, absl::Hours(1));
  const auto moved =
      issuers_->IssueAgent({{"host1"}, "other"}, MakeTestRequest().text, absl::Hours(1));
  for (const std::string& pem : {std::string(), ada->chain, *stranger, *moved}) {
    EXPECT_TRUE(absl::IsPermissionDenied(gate_.Renew(pem, request_.text, kCall).status()));
    EXPECT_TRUE(absl::IsPermissionDenied(gate_.Admit(pem, kCall).status()));
  }
  EXPECT_TRUE(gate_.Admit(joined->certificate, kCall).ok());
  ASSERT_TRUE(gate_.Revoke({"host1"}, kCall).ok());
  EXPECT_TRUE(absl::IsPermissionDenied(gate_.Admit(joined->certificate, kCall).status()));
  EXPECT_TRUE(
      absl::IsPermissionDenied(gate_.Renew(joined->certificate, request_.text, kCall).status()));
  EXPECT_TRUE(absl::IsNotFound(gate_.Revoke({"nobody"}, kCall)));
}

TEST_F(JoinTest, ARevokedNodeComesBackOnlyByATokenMadeForIt) {
  ASSERT_TRUE(Join(Token()).ok());
  ASSERT_TRUE(gate_.Revoke({"host1"}, kCall).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(Join(Token()).status()));
  const auto again = Join(Token("host1"));
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(gate_.Admit(again->certificate, kCall).ok());
}

}  // namespace
}  // namespace innkeeper
