#include "coordinator/pki/tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/testing/fake_clock.h"
#include "coordinator/pki/testing/fake_vault.h"

namespace innkeeper {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;
using testing::SizeIs;

const Call kCall = Call::Within(std::chrono::seconds(30));
const std::string kHash(64, 'a');

class TokensTest : public testing::Test {
 protected:
  JoinTokens::Created Create(JoinTokens::Wish wish = {.space = "demo", .node = ""}) {
    auto made = tokens_.Create(wish, kCall);
    EXPECT_TRUE(made.ok()) << made.status();
    return *std::move(made);
  }
  absl::Status Redeem(const Secret& text, const std::string& node = "host1") {
    const auto token = tokens_.Check(text, node, kCall);
    return token.ok() ? tokens_.TakeUse(*token, kCall) : token.status();
  }
  static Secret Text(const std::string& text) { return Secret(text); }

  FakeVault vault_;
  FakeClock clock_;
  JoinTokens tokens_{vault_, clock_, [] { return kHash; }};
};

TEST_F(TokensTest, ATokenHasIdSecretAndTheAuthoritysHash) {
  const auto made = Create();
  EXPECT_THAT(std::string(made.text.Reveal()), MatchesRegex("[a-z0-9]{6}\\.[a-z0-9]{26}\\.a{64}"));
}

TEST_F(TokensTest, TheVaultNeverHoldsTheSecret) {
  const auto made = Create();
  const std::string text(made.text.Reveal());
  EXPECT_THAT(vault_.Everything(), Not(HasSubstr(text.substr(7, 26))));
}

TEST_F(TokensTest, ASingleUseTokenWorksOnce) {
  const auto made = Create();
  EXPECT_TRUE(Redeem(made.text).ok());
  EXPECT_TRUE(absl::IsUnauthenticated(Redeem(made.text)));
}

TEST_F(TokensTest, ASingleUseTokenWorksOnceForManyAtOnce) {
  const auto made = Create();
  std::atomic<int> granted = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { granted += Redeem(made.text).ok() ? 1 : 0; });
  }
  threads.clear();
  EXPECT_EQ(granted, 1);
}

TEST_F(TokensTest, WrongExpiredUsedUnknownAndForeignTokensLookAlike) {
  const auto made = Create();
  const auto bound = Create({.space = "demo", .node = "host2"});
  const auto used = Create();
  ASSERT_TRUE(Redeem(used.text).ok());
  const auto old = Create({.space = "demo", .node = "", .uses = 1, .valid = absl::Hours(1)});
  clock_.Advance(std::chrono::hours(2));
  std::string guessed(made.text.Reveal());
  guessed[10] = guessed[10] == 'x' ? 'y' : 'x';
  const absl::Status wrong = Redeem(Text(guessed));
  EXPECT_TRUE(absl::IsUnauthenticated(wrong));
  for (const Secret& bad : {used.text.Copy(), old.text.Copy(), bound.text.Copy(), Text(""),
                            Text("zzzzzz.abcdefghijklmnopqrstuvwxyz"), Text("../../x.y"),
                            Text(std::string(5000, 'a')), Text(made.token.id + ".")}) {
    EXPECT_EQ(Redeem(bad), wrong);
  }
  EXPECT_TRUE(Redeem(made.text).ok());
}

TEST_F(TokensTest, ABoundTokenIsForItsNode) {
  EXPECT_TRUE(Redeem(Create({.space = "demo", .node = "host2"}).text, "host2").ok());
}

TEST_F(TokensTest, ListShowsWhatStandsAndSweepsTheRest) {
  const auto stays = Create({.space = "demo", .node = "", .uses = 3});
  const auto used = Create();
  Create({.space = "demo", .node = "", .uses = 1, .valid = absl::Hours(1)});
  ASSERT_TRUE(Redeem(used.text).ok());
  ASSERT_TRUE(Redeem(stays.text).ok());
  clock_.Advance(std::chrono::hours(2));
  const auto listed = tokens_.List(kCall);
  ASSERT_TRUE(listed.ok());
  ASSERT_THAT(*listed, SizeIs(1));
  EXPECT_EQ(listed->front().id, stays.token.id);
  EXPECT_EQ(listed->front().uses_left, 2);
  EXPECT_THAT(*vault_.List("token/", kCall), SizeIs(1));
}

TEST_F(TokensTest, ARevokedTokenIsGone) {
  const auto made = Create();
  EXPECT_TRUE(tokens_.Revoke(made.token.id, kCall).ok());
  EXPECT_TRUE(absl::IsUnauthenticated(Redeem(made.text)));
  EXPECT_TRUE(absl::IsNotFound(tokens_.Revoke(made.token.id, kCall)));
  EXPECT_TRUE(absl::IsNotFound(tokens_.Revoke("ca/../x", kCall)));
}

TEST_F(TokensTest, RefusesWishesOutOfRange) {
  for (const JoinTokens::Wish& bad : std::vector<JoinTokens::Wish>{
           {.space = "", .node = ""},
           {.space = "a/b", .node = ""},
           {.space = "demo", .node = "A b"},
           {.space = "demo", .node = "", .uses = 0},
           {.space = "demo", .node = "", .uses = 10'001},
           {.space = "demo", .node = "", .uses = 1, .valid = absl::ZeroDuration()},
           {.space = "demo", .node = "", .uses = 1, .valid = absl::InfiniteDuration()}}) {
    EXPECT_EQ(tokens_.Create(bad, kCall).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST_F(TokensTest, AnOutageOfTheVaultIsNotAWrongToken) {
  const auto made = Create();
  vault_.Fail(absl::UnavailableError("down"));
  EXPECT_TRUE(absl::IsUnavailable(Redeem(made.text)));
}

}  // namespace
}  // namespace innkeeper
