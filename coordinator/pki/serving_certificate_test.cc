#include "coordinator/pki/serving_certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/bounded_queue.h"
#include "base/testing/fake_clock.h"
#include "base/testing/temp_dir.h"
#include "coordinator/pki/testing/fake_vault.h"

namespace innkeeper {
namespace {

using testing::UnorderedElementsAre;

const Call kCall = Call::Within(std::chrono::seconds(30));

MonotonicTime SoonEnough() { return std::chrono::steady_clock::now() + std::chrono::seconds(20); }

class ServingCertificateTest : public testing::Test {
 protected:
  CertificateFacts Ensure(std::vector<std::string> names = {"coordinator.test"}) {
    ServingCertificate::Options options;
    options.directory = dir_.path();
    options.names = std::move(names);
    ServingCertificate serving(*issuers_, clock_, options);
    EXPECT_TRUE(serving.Ensure().ok());
    return *ReadCertificate(LoadKeyPair(dir_.path())->chain);
  }
  std::string Published(const std::string& file) {
    std::ifstream in(dir_.File("current/" + file));
    return {std::istreambuf_iterator<char>(in), {}};
  }

  TempDir dir_;
  FakeVault vault_;
  FakeClock clock_;
  std::unique_ptr<Issuers> issuers_ = *Issuers::Open(vault_, {"c1"}, clock_, kCall);
};

TEST_F(ServingCertificateTest, IsMadeOnceAndKept) {
  const std::string serial = Ensure().serial;
  EXPECT_EQ(Ensure().serial, serial);
  EXPECT_EQ(Published("ca.crt"), issuers_->Bundle(Authority::kAgents));
}

TEST_F(ServingCertificateTest, IsRenewedWhenAThirdOfItsLifeIsOver) {
  const std::string serial = Ensure().serial;
  clock_.Advance(std::chrono::hours(24 * 29));
  EXPECT_EQ(Ensure().serial, serial);
  clock_.Advance(std::chrono::hours(24 * 2));
  EXPECT_NE(Ensure().serial, serial);
}

TEST_F(ServingCertificateTest, FollowsItsNames) {
  const std::string serial = Ensure().serial;
  const CertificateFacts facts = Ensure({"coordinator.test", "other.test"});
  EXPECT_NE(facts.serial, serial);
  EXPECT_THAT(facts.names, UnorderedElementsAre("coordinator.test", "other.test"));
}

TEST_F(ServingCertificateTest, ABrokenPairIsReplaced) {
  const std::string serial = Ensure().serial;
  std::ofstream(dir_.File("current/tls.crt")) << "half a cert";
  EXPECT_NE(Ensure().serial, serial);
}

TEST_F(ServingCertificateTest, ANewAgentsAuthorityIsPublishedWithTheSameCertificate) {
  const std::string serial = Ensure().serial;
  ASSERT_TRUE(issuers_->PrepareNext(Authority::kAgents, kCall).ok());
  EXPECT_EQ(Ensure().serial, serial);
  EXPECT_EQ(Published("ca.crt"), issuers_->Bundle(Authority::kAgents));
}

// A listener would otherwise refuse the next authority's clients until the certificate is renewed.
TEST_F(ServingCertificateTest, AListenerIsToldOfANewAuthorityAtOnce) {
  BoundedQueue<std::string> told(8);
  ServingCertificate::Options options;
  options.directory = dir_.path();
  options.names = {"coordinator.test"};
  options.use = [&told](const KeyPair&, const std::string& clients) { told.Push(clients); };
  ServingCertificate serving(*issuers_, clock_, options);
  issuers_->OnChange([&serving] { serving.Wake(); });
  serving.Start();
  EXPECT_EQ(told.PopUntil(SoonEnough(), {}), ClientBundle(*issuers_));
  for (const Authority authority : {Authority::kAgents, Authority::kOperators}) {
    ASSERT_TRUE(issuers_->PrepareNext(authority, kCall).ok());
    EXPECT_EQ(told.PopUntil(SoonEnough(), {}), ClientBundle(*issuers_));
  }
  issuers_->OnChange(nullptr);
}

// Join tokens name the signing authority: it must stand in the chain from then on.
TEST_F(ServingCertificateTest, FollowsItsOwnAuthoritysPromotionAndNotItsPreparation) {
  const std::string serial = Ensure().serial;
  ASSERT_TRUE(issuers_->PrepareNext(Authority::kCoordinator, kCall).ok());
  const std::string told = issuers_->Bundle(Authority::kCoordinator);
  EXPECT_EQ(Ensure().serial, serial);
  ASSERT_TRUE(issuers_->Promote(Authority::kCoordinator, kCall).ok());
  EXPECT_NE(Ensure().serial, serial);
  const KeyPair pair = *LoadKeyPair(dir_.path());
  EXPECT_TRUE(ValidateKeyPair(pair, told, clock_.Now()).ok()) << "whoever was told goes on";
  EXPECT_THAT(pair.chain, testing::HasSubstr(issuers_->Signing(Authority::kCoordinator)));
}

}  // namespace
}  // namespace innkeeper
