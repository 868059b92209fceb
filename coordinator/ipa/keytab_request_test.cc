#include "coordinator/ipa/keytab_request.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace innkeeper {
namespace {

using testing::HasSubstr;

// One DER value.
std::string Der(int tag, const std::string& content) {
  std::string text(1, static_cast<char>(tag));
  if (content.size() >= 128) {
    text += '\x82';
    text += static_cast<char>(content.size() >> 8);
  }
  return text + static_cast<char>(content.size() & 0xff) + content;
}
std::string Number(int value) { return Der(2, std::string(1, static_cast<char>(value))); }
std::string Key(int type, const std::string& bytes, const std::string& more = "") {
  const std::string pair = Der(0x30, Der(0xa0, Number(type)) + Der(0xa1, Der(4, bytes)));
  return Der(0x30, Der(0xa0, pair) + more);
}
std::string Reply(int version, const std::vector<std::string>& keys) {
  std::string all;
  for (const std::string& key : keys) all += key;
  return Der(0xa2, Der(0x30, Number(version) + Der(0x30, all)));
}
absl::StatusOr<NewKeys> Decode(const std::string& bytes) {
  return DecodeKeytabReply(Secret(bytes));
}

TEST(KeytabRequest, AsksForFreshKeysOfThePrincipalInDer) {
  const std::string request = EncodeKeytabRequest("innkeeper/centre.example.test@EXAMPLE.TEST");
  EXPECT_EQ(static_cast<unsigned char>(request[0]), 0xa0) << "newkeys";
  EXPECT_EQ(static_cast<size_t>(static_cast<unsigned char>(request[1])), request.size() - 2);
  EXPECT_THAT(request, HasSubstr("innkeeper/centre.example.test@EXAMPLE.TEST"));
  EXPECT_THAT(request, HasSubstr("\x02\x01\x14\x02\x01\x13\x02\x01\x12\x02\x01\x11"));
}

TEST(KeytabReply, HoldsTheVersionAndEachKeyWhateverStandsBesideIt) {
  const std::string salt = Der(0xa1, Der(0x30, Der(0xa0, Number(0)) + Der(0xa1, Der(4, "salt"))));
  const auto keys =
      Decode(Reply(3, {Key(18, std::string(32, 'k'), salt), Key(17, "0123456789abcdef")}));
  ASSERT_TRUE(keys.ok()) << keys.status();
  EXPECT_EQ(keys->version, 3);
  ASSERT_EQ(keys->keys.size(), 2u);
  EXPECT_EQ(keys->keys[0].type, 18);
  EXPECT_EQ(keys->keys[0].key.Reveal(), std::string(32, 'k'));
  EXPECT_EQ(keys->keys[1].key.Reveal(), "0123456789abcdef");
}

TEST(KeytabReply, IsRefusedWhenItIsAnythingElse) {
  const std::string good = Reply(1, {Key(18, std::string(32, 'k'))});
  const std::vector<std::pair<const char*, std::string>> refused = {
      {"nothing", ""},
      {"text", "not ASN.1 at all"},
      {"no keys", Reply(1, {})},
      {"an empty key", Reply(1, {Key(18, "")})},
      {"a key of 65 bytes", Reply(1, {Key(18, std::string(65, 'k'))})},
      {"seventeen keys", Reply(1, std::vector<std::string>(17, Key(18, "k")))},
      {"another tag", Der(0xa1, good.substr(2))},
      {"a key without a value", Reply(1, {Der(0x30, Der(0xa0, Der(0x30, Der(0xa0, Number(1)))))})},
      {"no version", Der(0xa2, Der(0x30, Der(0x30, Key(18, "k"))))},
      {"a length beyond the end", std::string("\xa2\x84\xff\xff\xff\xff\x30", 7)},
  };
  for (const auto& [what, bytes] : refused)
    EXPECT_TRUE(absl::IsInternal(Decode(bytes).status())) << what;
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(Decode(good.substr(0, size)).ok()) << "cut after " << size;
}

}  // namespace
}  // namespace innkeeper
