#include "coordinator/admission/vm_marks.h"

#include <gtest/gtest.h>

#include "coordinator/admission/prepared_record.h"

namespace innkeeper {
namespace {

TEST(SecretNames, AreTheVmsNameWithASuffix) {
  EXPECT_EQ(SecretNamesOf("web").join, "web-innkeeper");
  EXPECT_EQ(SecretNamesOf("web").user_data, "web-innkeeper-user-data");
}

TEST(SecretNames, OfLongNamesFitAndDiffer) {
  const std::string long_name(253, 'a');
  const VmSecretNames one = SecretNamesOf(long_name);
  const VmSecretNames two = SecretNamesOf(long_name.substr(0, 252) + "b");
  EXPECT_LE(one.user_data.size(), 253u);
  EXPECT_NE(one, two);
  EXPECT_EQ(SecretNamesOf(std::string(233, 'a')).user_data.size(), 253u);
  // Cut in the middle of "a.a.a.", nothing but letters and digits may stand before the digest.
  std::string dotted;
  while (dotted.size() < 251) dotted += "a.";
  EXPECT_EQ(SecretNamesOf(dotted + "a").join.find(".-"), std::string::npos);
}

TEST(SecretNames, OfAVmWithoutANameYetAreKnownAgain) {
  const VmSecretNames names = SecretNamesForReview("705ab4f5");
  EXPECT_NE(names, SecretNamesForReview("705ab4f6"));
  EXPECT_EQ(ReviewNamesWith(names.join), names);
  EXPECT_EQ(ReviewNamesWith(names.user_data), names);
  for (const char* other : {"", "web-innkeeper", "innkeeper-0123", "innkeeper-0123456789abcdeF",
                            "innkeeper-0123456789abcdef-x", "user-data"}) {
    EXPECT_EQ(ReviewNamesWith(other), std::nullopt) << other;
  }
}

TEST(PreparedRecord, ComesBackFromItsText) {
  for (const UserDataSource& original :
       {UserDataSource{"#cloud-config\n\"\\\x01\xc3\xa4", {}, {}}, UserDataSource{{}, "YQ==", {}},
        UserDataSource{{}, {}, "theirs"}, UserDataSource{}}) {
    const PreparedRecord record{SecretNamesOf("web"), original};
    EXPECT_EQ(ParsePreparedRecord(record.Text()), record) << record.Text();
  }
  const PreparedRecord disk{{"web-innkeeper", ""}, {}};
  EXPECT_EQ(disk.Text(), R"({"joinSecret":"web-innkeeper"})");
  EXPECT_EQ(ParsePreparedRecord(disk.Text()), disk);
}

TEST(PreparedRecord, ThatSomebodyEditedIsNone) {
  const std::string text = PreparedRecord{SecretNamesOf("web"), {"x", {}, {}}}.Text();
  for (const std::string& edited :
       {std::string(), std::string("{}"), std::string("nonsense"), text + " ", " " + text,
        text.substr(0, text.size() - 1), R"({"joinSecret":1})" + std::string(),
        R"({"joinSecret":"a","more":1})" + std::string()}) {
    EXPECT_EQ(ParsePreparedRecord(edited), std::nullopt) << edited;
  }
}

}  // namespace
}  // namespace innkeeper
