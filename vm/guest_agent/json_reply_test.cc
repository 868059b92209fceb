#include "vm/guest_agent/json_reply.h"

#include <gtest/gtest.h>

#include "vm/guest_agent/guest_agent.h"

namespace innkeeper {
namespace {

using enum AgentFailure;

std::string Repeat(const std::string& text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

AgentFailure FailureOfReply(const std::string& reply) {
  return FailureOf(DecodeReply(reply).status());
}

TEST(JsonReplyTest, TheValueOfReturnIsTheResult) {
  const auto value =
      DecodeReply(R"({"return": {"pid": 7, "name": "w\u00fc", "list": [1, true, null]}})");
  ASSERT_TRUE(value.ok()) << value.status();
  EXPECT_EQ(value->dump(), "{\"list\":[1,true,null],\"name\":\"w\u00fc\",\"pid\":7}");
}

TEST(JsonReplyTest, AnErrorIsTheFailureItsTextMeans) {
  EXPECT_EQ(FailureOfReply(
                R"({"error":{"class":"CommandNotFound","desc":"Command x has been disabled"}})"),
            kBlocked);
  EXPECT_EQ(FailureOfReply(R"({"error":{"class":"GenericError"}})"), kBadAnswer);
  EXPECT_EQ(FailureOfReply(R"({"error":"no"})"), kBadAnswer);
}

TEST(JsonReplyTest, WhatIsNoReplyIsRefused) {
  for (const char* text :
       {"", " ", "{", "[]", "1", "null", "{}", R"({"return":1,"error":{"desc":"x"}})",
        R"({"return":1}{"return":2})", R"({"return":1} x)", R"({"return":01})", R"({"return":1,})",
        R"({"return":NaN})", R"({"return":1e999})", "{\"return\":\"\xff\xfe\"}",
        "{\"return\":\"\xed\xa0\x80\"}", "{\"return\":\"a\nb\"}", R"({"return":"\ud800"})"}) {
    EXPECT_EQ(FailureOfReply(text), kBadAnswer) << text;
  }
}

TEST(JsonReplyTest, AKeyThatComesTwiceIsRefused) {
  EXPECT_EQ(FailureOfReply(R"({"return":{"pid":1,"pid":2}})"), kBadAnswer);
  EXPECT_EQ(FailureOfReply(R"({"return":1,"return":2})"), kBadAnswer);
}

TEST(JsonReplyTest, IntegersHave63Bits) {
  EXPECT_TRUE(DecodeReply(R"({"return":9223372036854775807})").ok());
  EXPECT_TRUE(DecodeReply(R"({"return":-9223372036854775808})").ok());
  EXPECT_EQ(FailureOfReply(R"({"return":9223372036854775808})"), kBadAnswer);
}

TEST(JsonReplyTest, DepthIsCapped) {
  EXPECT_TRUE(DecodeReply("{\"return\":" + Repeat("[", 15) + Repeat("]", 15) + "}").ok());
  EXPECT_EQ(FailureOfReply("{\"return\":" + Repeat("[", 16) + Repeat("]", 16) + "}"), kBadAnswer);
  EXPECT_EQ(FailureOfReply(Repeat("{\"return\":", 100'000)), kBadAnswer);
}

TEST(JsonReplyTest, ValuesAreCounted) {
  EXPECT_TRUE(DecodeReply("{\"return\":[1" + Repeat(",1", 19'000) + "]}").ok());
  EXPECT_EQ(FailureOfReply("{\"return\":[1" + Repeat(",1", 20'000) + "]}"), kBadAnswer);
}

TEST(JsonReplyTest, StringsAreCapped) {
  const auto reply = [](const char* key, size_t size) {
    return std::string("{\"return\":{\"") + key + "\":\"" + std::string(size, 'a') + "\"}}";
  };
  EXPECT_TRUE(DecodeReply(reply("x", kReplyTextCap)).ok());
  EXPECT_EQ(FailureOfReply(reply("x", kReplyTextCap + 1)), kBadAnswer);
  EXPECT_TRUE(DecodeReply(reply("out-data", kReplyBase64Cap)).ok());
  EXPECT_EQ(FailureOfReply(reply("out-data", kReplyBase64Cap + 1)), kBadAnswer);
}

TEST(JsonReplyTest, AReplyBeyondItsCapIsNotParsed) {
  EXPECT_EQ(FailureOfReply(std::string(kReplyCap + 1, 'x')), kTooLarge);
  EXPECT_EQ(FailureOfReply(std::string(10 * kReplyCap, '[')), kTooLarge);
}

TEST(JsonReplyTest, OnlyCanonicalBase64IsTaken) {
  EXPECT_EQ(*DecodeBase64(""), "");
  EXPECT_EQ(*DecodeBase64("aGVsbG8="), "hello");
  EXPECT_EQ(*DecodeBase64("/+8="), "\xff\xef");
  for (const char* text : {"aGVsbG8", "aGVsbG8==", "aGVsbG8=x", "aGVs bG8=", "aGVsbG9=", "a",
                           "_-8=", "aGVsbG8=\n", "====", "aGVsbG8=aGVsbG8="}) {
    EXPECT_EQ(FailureOf(DecodeBase64(text).status()), kBadAnswer) << text;
  }
}

}  // namespace
}  // namespace innkeeper
