#include "base/tls.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/testing/temp_dir.h"
#include "base/testing/test_pki.h"

namespace innkeeper {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

int ModeOf(const std::string& path) {
  struct stat facts {};
  return stat(path.c_str(), &facts) == 0 ? static_cast<int>(facts.st_mode & 0777) : -1;
}

std::vector<std::string> EntriesOf(const std::string& directory, const std::string& prefix) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix)) names.push_back(name);
  }
  return names;
}

TEST(ReadCertificate, TellsNamesTimesAndFingerprints) {
  const TestAuthority authority;
  const absl::Time from = absl::FromUnixSeconds(1'790'000'000);
  const KeyPair pair = authority.Sign({.common_name = "Höst",
                                       .names = {"a.example.test", "192.0.2.7", "2001:db8::7"},
                                       .uris = {"innkeeper://node/n1"},
                                       .from = from,
                                       .until = from + absl::Hours(1)});
  const absl::StatusOr<CertificateFacts> facts = ReadCertificate(pair.chain);
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_EQ(facts->common_name, "Höst");
  EXPECT_THAT(facts->uris, ElementsAre("innkeeper://node/n1"));
  EXPECT_THAT(facts->names, ElementsAre("a.example.test", "192.0.2.7", "2001:db8::7"));
  EXPECT_EQ(facts->not_before, from);
  EXPECT_EQ(facts->not_after, from + absl::Hours(1));
  EXPECT_EQ(facts->spki_sha256.size(), 64u);
  EXPECT_THAT(facts->serial, testing::MatchesRegex("[0-9a-f]+"));
}

TEST(ReadCertificate, RefusesWhatIsNoCertificate) {
  const TestAuthority authority;
  for (const std::string& text :
       {std::string(), std::string("hello"), std::string(authority.pair().key.Reveal()),
        authority.certificate().substr(0, 200)}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ReadCertificate(text).status()));
  }
}

TEST(ReadCertificate, NeverAsksTheTerminalForAPassword) {
  const std::string encrypted =
      "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n"
      "DEK-Info: AES-128-CBC,000102030405060708090A0B0C0D0E0F\n\nAAAAAAAAAAAAAAAAAAAAAA==\n"
      "-----END CERTIFICATE-----\n";
  EXPECT_TRUE(absl::IsInvalidArgument(ReadCertificate(encrypted).status()));
}

class ValidateKeyPairTest : public testing::Test {
 protected:
  absl::Status Validate(const KeyPair& pair, const std::string& ca) {
    return ValidateKeyPair(pair, ca, absl::Now());
  }
  void ExpectRefused(const KeyPair& pair, const std::string& ca, const std::string& reason) {
    const absl::Status outcome = Validate(pair, ca);
    EXPECT_TRUE(absl::IsFailedPrecondition(outcome)) << outcome;
    EXPECT_THAT(std::string(outcome.message()), HasSubstr(reason));
  }
  const TestAuthority authority_;
};

TEST_F(ValidateKeyPairTest, AcceptsAPairOfTheAuthority) {
  EXPECT_TRUE(Validate(authority_.Sign(), authority_.certificate()).ok());
  EXPECT_TRUE(Validate(authority_.Sign(), "").ok());
  EXPECT_TRUE(Validate(authority_.SignClient("node"), authority_.certificate()).ok());
}

TEST_F(ValidateKeyPairTest, AcceptsAChainOverAnIntermediateAuthority) {
  const TestAuthority below = authority_.SignAuthority("below");
  EXPECT_TRUE(Validate(below.Sign(), authority_.certificate()).ok());
}

TEST_F(ValidateKeyPairTest, AcceptsAnyAuthorityOfABundle) {
  const TestAuthority other("other");
  EXPECT_TRUE(Validate(authority_.Sign(), other.certificate() + authority_.certificate()).ok());
}

TEST_F(ValidateKeyPairTest, RefusesAKeyOfAnotherCertificate) {
  KeyPair pair = authority_.Sign();
  pair.key = authority_.Sign().key.Copy();
  ExpectRefused(pair, "", "key does not belong");
}

TEST_F(ValidateKeyPairTest, RefusesAPairBeforeAndAfterItsTime) {
  const absl::Time now = absl::Now();
  ExpectRefused(authority_.Sign({.from = now + absl::Hours(1), .until = now + absl::Hours(2)}), "",
                "not valid yet");
  ExpectRefused(authority_.Sign({.from = now - absl::Hours(2), .until = now - absl::Hours(1)}), "",
                "expired");
}

TEST_F(ValidateKeyPairTest, RefusesAPairOfAnotherAuthorityEvenOfTheSameName) {
  const TestAuthority impostor;
  ExpectRefused(impostor.Sign(), authority_.certificate(), "does not verify");
}

TEST_F(ValidateKeyPairTest, SaysWhatIsMissing) {
  KeyPair pair = authority_.Sign();
  ExpectRefused({"", pair.key.Copy()}, "", "no certificate");
  ExpectRefused({pair.chain, Secret("nonsense")}, "", "no readable private key");
}

class PublishKeyPairTest : public testing::Test {
 protected:
  const TempDir dir_;
  const std::string root_ = dir_.File("tls");
  const TestAuthority authority_;
};

TEST_F(PublishKeyPairTest, IsLoadedAsItWasPublished) {
  const KeyPair pair = authority_.Sign();
  ASSERT_TRUE(PublishKeyPair(root_, pair, authority_.certificate()).ok());
  const absl::StatusOr<KeyPair> loaded = LoadKeyPair(root_);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->chain, pair.chain);
  EXPECT_EQ(loaded->key.Reveal(), pair.key.Reveal());
  EXPECT_TRUE(fs::exists(root_ + "/current/ca.crt"));
}

TEST_F(PublishKeyPairTest, KeepsTheKeyFromOthers) {
  ASSERT_TRUE(PublishKeyPair(root_, authority_.Sign(), "").ok());
  EXPECT_EQ(ModeOf(root_ + "/current/tls.key"), 0600);
  EXPECT_EQ(ModeOf(root_ + "/current/"), 0700);
}

TEST_F(PublishKeyPairTest, ReplacesThePairAndKeepsOnlyTheOneBefore) {
  KeyPair last;
  for (int i = 0; i < 4; ++i) {
    last = authority_.Sign();
    ASSERT_TRUE(PublishKeyPair(root_, last, "").ok());
  }
  EXPECT_EQ(LoadKeyPair(root_)->chain, last.chain);
  EXPECT_EQ(EntriesOf(root_, "pair-").size(), 2u);
}

TEST_F(PublishKeyPairTest, ClearsAwayWhatACrashLeftBehind) {
  ASSERT_TRUE(PublishKeyPair(root_, authority_.Sign(), "").ok());
  fs::create_directory(root_ + "/pair-crashed");
  fs::create_directory_symlink("pair-crashed", root_ + "/current.crashed");
  ASSERT_TRUE(PublishKeyPair(root_, authority_.Sign(), "").ok());
  EXPECT_THAT(EntriesOf(root_, "current"), ElementsAre("current"));
  EXPECT_EQ(EntriesOf(root_, "pair-").size(), 2u);
}

TEST_F(PublishKeyPairTest, LeavesNothingOfAPairItCouldNotPublish) {
  fs::create_directories(root_ + "/current/in-the-way");  // a folder cannot be renamed over
  EXPECT_FALSE(PublishKeyPair(root_, authority_.Sign(), "").ok());
  EXPECT_THAT(EntriesOf(root_, "pair-"), IsEmpty());
  EXPECT_THAT(EntriesOf(root_, "current."), IsEmpty());
}

TEST_F(PublishKeyPairTest, LoadingWithoutAPairIsNotFound) {
  EXPECT_TRUE(absl::IsNotFound(LoadKeyPair(root_).status()));
}

TEST(MakeServerContext, RefusesWhatCannotServe) {
  const TestAuthority authority;
  const KeyPair pair = authority.Sign();
  const KeyPair other = authority.Sign();
  const auto code = [](const KeyPair& p, const std::string& ca, ClientCertificate demand) {
    return MakeServerContext(p, ca, demand).status().code();
  };
  const auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_EQ(code(pair, "", ClientCertificate::kNone), absl::StatusCode::kOk);
  EXPECT_EQ(code({pair.chain, other.key.Copy()}, "", ClientCertificate::kNone), kInvalid);
  EXPECT_EQ(code({"", pair.key.Copy()}, "", ClientCertificate::kNone), kInvalid);
  EXPECT_EQ(code(pair, "", ClientCertificate::kOptional), kInvalid);
  EXPECT_EQ(code(pair, "nonsense", ClientCertificate::kRequired), kInvalid);
}

}  // namespace
}  // namespace innkeeper
