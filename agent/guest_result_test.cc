#include "agent/guest_result.h"

#include <gtest/gtest.h>

namespace innkeeper {
namespace {

constexpr char kJoined[] =
    R"({"attempt":"ab12","result":"joined","class":"ok","detail":"","exit":0,)"
    R"("principal":"host/web.example.test@EXAMPLE.TEST","kvno":2,"seconds":31,)"
    R"("family":"debian","foreign_moved":true,"sssd":true})";

TEST(DecodeScriptOutcome, TakesTheLastJsonLineOfWhatTheProgramsPrinted) {
  const auto outcome =
      DecodeScriptOutcome("a line\n{\"not\": \"this\"}\n" + std::string(kJoined) + "\n");
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->result_class, agent::v1::RESULT_CLASS_OK);
  EXPECT_EQ(outcome->attempt, "ab12");
  EXPECT_EQ(outcome->proof.principal(), "host/web.example.test@EXAMPLE.TEST");
  EXPECT_EQ(outcome->proof.kvno(), 2);
  EXPECT_TRUE(outcome->proof.foreign_moved());
  EXPECT_FALSE(outcome->running);
}

TEST(DecodeScriptOutcome, RefusesWhatIsNoResult) {
  for (const char* output : {"", "text", "{", "[]", "{}", "{\"result\": 1}", "\n\n\n", "{\"a\":"}) {
    EXPECT_FALSE(DecodeScriptOutcome(output).ok()) << output;
  }
}

TEST(DecodeScriptOutcome, MakesAnUnknownClassAnInternalOne) {
  const auto outcome = DecodeScriptOutcome(R"({"result":"failed","class":"made-up"})");
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->result_class, agent::v1::RESULT_CLASS_INTERNAL);
}

TEST(DecodeScriptOutcome, NeverPassesControlCharactersOn) {
  const auto outcome =
      DecodeScriptOutcome(R"({"result":"failed","class":"dns","detail":"a\u001b[2Jb\nc"})");
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->detail.find('\x1b'), std::string::npos);
  EXPECT_EQ(outcome->detail.find('\n'), std::string::npos);
}

TEST(DecodeScriptOutcome, CutsALongDetail) {
  const auto outcome = DecodeScriptOutcome(R"({"result":"failed","class":"dns","detail":")" +
                                           std::string(5000, 'x') + "\"}");
  ASSERT_TRUE(outcome.ok());
  EXPECT_LE(outcome->detail.size(), 300u);
}

TEST(DecodeVerification, TellsAStaleKey) {
  const auto outcome = DecodeVerification(
      R"({"principal":"host/web@X","kvno":1,"kinit":"stale-key","class":"stale-key","sssd":true})");
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->result_class, agent::v1::RESULT_CLASS_STALE_KEY);
  EXPECT_FALSE(outcome->proof.kinit());
}

}  // namespace
}  // namespace innkeeper
