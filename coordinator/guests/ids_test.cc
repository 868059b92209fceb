#include "coordinator/guests/ids.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace innkeeper {
namespace {

using testing::HasSubstr;

TEST(GuestKey, SurvivesARoundTrip) {
  for (const char* text :
       {"lab/web", "lab/Web 1", "lab/a:b", "deleting/web", "l-a.b/\xc3\xa9t\xc3\xa9"}) {
    const absl::StatusOr<GuestKey> key = ParseGuestKey(text);
    ASSERT_TRUE(key.ok()) << text;
    EXPECT_EQ(key->Text(), text);
  }
}

TEST(GuestKey, RefusesWhatWouldNotSurviveInATag) {
  for (const std::string& text :
       {std::string("web"), std::string("/web"), std::string("lab/"), std::string("lab/a/b"),
        std::string("la:b/web"), std::string("lab/a\nb"), std::string("lab/a\0b", 7),
        "lab/" + std::string(256, 'x'), std::string()}) {
    EXPECT_EQ(ParseGuestKey(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(Fqdn, IsLowerCased) {
  EXPECT_EQ(ParseFqdn("Web.Lab.Example.TEST")->text, "web.lab.example.test");
}

TEST(Fqdn, RefusesWhatIpaWouldRefuseAndSaysWhy) {
  const struct {
    std::string text;
    const char* why;
  } cases[] = {
      {"web", "not fully qualified"},
      {"", "empty label"},
      {"web..test", "empty label"},
      {"web.test.", "empty label"},
      {".web.test", "empty label"},
      {"we_b.test", "only letters"},
      {"w b.test", "only letters"},
      {"\xc3\xa9t\xc3\xa9.test", "only letters"},
      {"-web.test", "starts or ends"},
      {"web-.test", "starts or ends"},
      {std::string(64, 'a') + ".t", "characters long"},
      {"10.0.0.1", "an address"},
      {std::string(60, 'a') + ".test", "at most 64"},
  };
  for (const auto& c : cases) {
    const absl::Status status = ParseFqdn(c.text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.text;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.why)) << c.text;
  }
  EXPECT_THAT(std::string(ParseFqdn(std::string(64, 'a') + ".t", 255).status().message()),
              HasSubstr("over 63"));
}

TEST(Fqdn, MayBeAsLongAsFreeIpaIsSetTo) {
  const std::string name = std::string(60, 'a') + ".test";
  EXPECT_FALSE(ParseFqdn(name, 64).ok());
  EXPECT_TRUE(ParseFqdn(name, 65).ok());
}

OwnerTag Tag() { return {{"c-1"}, {"lab", "web"}, {"6b6f1a3e-0000-4000-8000-000000000001"}, {}}; }

TEST(OwnerTag, HasTheDocumentedText) {
  OwnerTag tag = Tag();
  EXPECT_EQ(tag.Text(), "innkeeper:c-1:lab/web:6b6f1a3e-0000-4000-8000-000000000001");
  tag.deleting_term = "t7";
  EXPECT_EQ(tag.Text(), "innkeeper:c-1:deleting:lab/web:6b6f1a3e-0000-4000-8000-000000000001:t7");
}

TEST(OwnerTag, SurvivesARoundTripWhateverTheNames) {
  for (const char* space : {"lab", "deleting", "innkeeper"}) {
    for (const char* name : {"web", "a:b", "deleting:x", "x y", "a:b:c"}) {
      for (const bool deleting : {false, true}) {
        OwnerTag tag = Tag();
        tag.guest = {space, name};
        if (deleting) tag.deleting_term = "1-abc";
        EXPECT_EQ(ParseOwnerTag(tag.Text()), tag) << tag.Text();
      }
    }
  }
}

TEST(OwnerTag, RefusesAnythingElse) {
  for (const char* text :
       {"", "innkeeper:", "innkeeper:c1", "innkeeper:c1:", "innkeeper::lab/web:u", "web servers",
        "innkeeper:c1:lab/web", "innkeeper:c1:lab/web:", "innkeeper:c1:web:u",
        " innkeeper:c1:a/b:u", "Innkeeper:c1:a/b:u", "innkeeper:c 1:a/b:u",
        "innkeeper:c1:deleting:a/b:u", "innkeeper:c1:deleting:a/b:u:", "innkeeper:c1:a/b:u v"}) {
    EXPECT_FALSE(ParseOwnerTag(text).has_value()) << text;
  }
}

TEST(OwnerTag, IsRecognisedInDisguise) {
  for (const char* text : {"innkeeper:c1:a/b:u", "INNKEEPER:x", "  Innkeeper:x", "innkeeper :x",
                           "\xef\xbd\x89nnkeeper:x", "a\tb"}) {
    EXPECT_TRUE(LooksLikeOwnerTag(text)) << text;
  }
  for (const char* text : {"", "web", "innkeeper", "my innkeeper:x", "inkeeper:x"}) {
    EXPECT_FALSE(LooksLikeOwnerTag(text)) << text;
  }
}

}  // namespace
}  // namespace innkeeper
