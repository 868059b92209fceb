#include "coordinator/admission/json_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace innkeeper {
namespace {

TEST(JsonText, EveryCharacterComesBack) {
  std::string text = "\xc3\xa4 \xf0\x9f\x94\x91";
  for (char c = 0; c < 127; ++c) text += c;
  for (size_t from = 0; from <= text.size(); ++from) {
    if (from < text.size() && (text[from] & 0xc0) == 0x80) continue;  // inside a character
    const std::string part = text.substr(from);
    EXPECT_EQ(nlohmann::json::parse(JsonString(part)).get<std::string>(), part);
  }
}

TEST(JsonText, ACharacterIsFoundWhereverItStands) {
  for (const char c : {'"', '\\', '\n', '\x1f', '\x01'}) {
    for (size_t at = 0; at < 20; ++at) {
      // Neighbours that could hide it in a carry.
      for (const char filler : {' ', '!', '#', '[', ']', '\x7f'}) {
        std::string text(20, filler);
        text[at] = c;
        EXPECT_EQ(nlohmann::json::parse(JsonString(text)).get<std::string>(), text);
      }
    }
  }
}

TEST(JsonText, LongTextsComeBackWhereverTheyAreCut) {
  std::string text;
  for (size_t i = 0; i < 1000; ++i) text += static_cast<char>(i * 7 % 128);
  text += std::string(600, '\x01') + std::string(600, '"');
  for (size_t from = 0; from < 140; ++from) {
    const std::string part = text.substr(from);
    EXPECT_EQ(nlohmann::json::parse(JsonString(part)).get<std::string>(), part);
  }
}

TEST(JsonText, OnlyWhatMustBeIsEscaped) {
  EXPECT_EQ(JsonString(""), "\"\"");
  EXPECT_EQ(JsonString("a\"b\\c\nd/e"), R"("a\"b\\c\nd/e")");
  EXPECT_EQ(JsonString("\t\x1f\x7f"), "\"\\u0009\\u001f\x7f\"");
}

}  // namespace
}  // namespace innkeeper
