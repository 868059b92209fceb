#include "coordinator/pki/folder_certificate.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/bounded_queue.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_pki.h"

namespace innkeeper {
namespace {

class FolderCertificateTest : public testing::Test {
 protected:
  void Put(const KeyPair& pair) {
    folder_.Write("tls.crt", pair.chain);
    folder_.Write("tls.key", std::string(pair.key.Reveal()));
  }
  FolderCertificate Make(Duration check = std::chrono::seconds(10)) {
    return FolderCertificate(
        clock_, {folder_.path(), check, [this](const KeyPair& pair) { used_.Push(pair.chain); }});
  }
  std::string Used() { return used_.Pop({}).value_or(""); }

  const RealClock clock_;
  const TempDir folder_;
  const TestAuthority authority_;
  BoundedQueue<std::string> used_{64};
};

TEST_F(FolderCertificateTest, IsUsedWhenItIsNewAndOnlyThen) {
  FolderCertificate certificate = Make();
  EXPECT_TRUE(absl::IsNotFound(certificate.Look()));
  EXPECT_TRUE(certificate.Present().chain.empty());
  const KeyPair first = authority_.Sign(), second = authority_.Sign();
  Put(first);
  ASSERT_TRUE(certificate.Look().ok());
  ASSERT_TRUE(certificate.Look().ok());
  Put(second);
  ASSERT_TRUE(certificate.Look().ok());
  EXPECT_EQ(Used(), first.chain);
  EXPECT_EQ(Used(), second.chain);
  EXPECT_EQ(certificate.Present().chain, second.chain);
  EXPECT_TRUE(certificate.state().ok());
}

TEST_F(FolderCertificateTest, HalfARenewalAndGarbageLeaveTheOldOneInUse) {
  const KeyPair good = authority_.Sign(), next = authority_.Sign();
  Put(good);
  FolderCertificate certificate = Make();
  ASSERT_TRUE(certificate.Look().ok());
  for (const std::string& chain : {next.chain, std::string("garbage"), std::string()}) {
    folder_.Write("tls.crt", chain);
    EXPECT_TRUE(absl::IsFailedPrecondition(certificate.Look()));
    EXPECT_TRUE(absl::IsFailedPrecondition(certificate.state()));
  }
  std::filesystem::remove(folder_.File("tls.crt"));
  EXPECT_TRUE(absl::IsNotFound(certificate.Look()));
  EXPECT_EQ(certificate.Present().chain, good.chain);
  Put(next);
  EXPECT_TRUE(certificate.Look().ok());
}

TEST_F(FolderCertificateTest, OneThatEndedIsNotUsed) {
  TestLeaf ended;
  ended.until = absl::Now() - absl::Minutes(1);
  Put(authority_.Sign(ended));
  FolderCertificate certificate = Make();
  EXPECT_TRUE(absl::IsFailedPrecondition(certificate.Look()));
  EXPECT_TRUE(certificate.Present().chain.empty());
}

TEST_F(FolderCertificateTest, TheThreadSeesARenewal) {
  const KeyPair first = authority_.Sign(), second = authority_.Sign();
  Put(first);
  FolderCertificate certificate = Make(std::chrono::milliseconds(5));
  certificate.Start();
  EXPECT_EQ(Used(), first.chain);
  Put(second);
  EXPECT_EQ(Used(), second.chain);
}

}  // namespace
}  // namespace innkeeper
