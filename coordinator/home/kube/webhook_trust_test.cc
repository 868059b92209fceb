#include "coordinator/home/kube/webhook_trust.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "base/metrics.h"
#include "base/testing/captured_log.h"
#include "base/testing/fake_clock.h"
#include "base/testing/test_pki.h"
#include "coordinator/kube/testing/fake_kube_client.h"

namespace innkeeper {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const KubeKind kKind{"admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations"};

class WebhookTrustTest : public testing::Test {
 protected:
  void Install() {
    const json entry = {{"name", kTypeEntry}, {"clientConfig", {{"service", {{"name", "c"}}}}}};
    const json config = {{"apiVersion", "admissionregistration.k8s.io/v1"},
                         {"kind", "MutatingWebhookConfiguration"},
                         {"metadata", {{"name", "innkeeper"}}},
                         {"webhooks", {entry}}};
    ASSERT_TRUE(client_.Create({kKind, "", "innkeeper"}, config.dump(), {}, Soon()).ok());
  }
  static Call Soon() { return Call::Within(std::chrono::seconds(5)); }
  json Entry() {
    return json::parse(*client_.Get({kKind, "", "innkeeper"}, Soon()))["webhooks"][0];
  }
  double Gauge(const std::string& name) {
    const std::string text = MetricsText(registry_);
    return std::stod(text.substr(text.find("\n" + name + " ") + name.size() + 2));
  }
  double Mistrusting() { return Gauge("innkeeper_webhook_mistrusting_entries"); }

  class Today final : public Clock {
   public:
    absl::Time Now() const override { return now; }
    MonotonicTime Monotonic() const override { return {}; }
    absl::Time now = absl::Now();
  };
  Today clock_;
  FakeKubeServer server_{clock_,
                         {{.kind = kKind,
                           .name = "MutatingWebhookConfiguration",
                           .namespaced = false,
                           .status = false}}};
  FakeKubeClient client_{server_};
  prometheus::Registry registry_;
  TestAuthority authority_;
  KeyPair served_ = authority_.Sign();
  std::string bundle_ = authority_.certificate();
  AskingTypes asking_;
  WebhookTrust trust_{
      client_,
      clock_,
      registry_,
      {[this] { return served_.Copy(); }, [this] { return bundle_; }, [this] { return asking_; }}};
};

TEST_F(WebhookTrustTest, InjectsOurBundleAndThenWritesNoMore) {
  Install();
  ASSERT_TRUE(trust_.Reconcile(Soon()).ok());
  EXPECT_EQ(Entry()["clientConfig"]["caBundle"], absl::Base64Escape(bundle_));
  EXPECT_EQ(Entry()["clientConfig"]["service"]["name"], "c");
  EXPECT_EQ(Mistrusting(), 0);
  EXPECT_GT(Gauge("innkeeper_webhook_certificate_expiry_seconds"), absl::ToUnixSeconds(clock_.now));
  ASSERT_TRUE(trust_.Reconcile(Soon()).ok());
  EXPECT_EQ(client_.Requests(KubeVerb::kPatch), 1);
}

TEST_F(WebhookTrustTest, FollowsARotationAndTheTypesThatAsk) {
  Install();
  ASSERT_TRUE(trust_.Reconcile(Soon()).ok());
  const TestAuthority next;
  bundle_ += next.certificate();
  served_ = next.Sign();
  asking_.preferences = {"fedora"};
  ASSERT_TRUE(trust_.Reconcile(Soon()).ok());
  EXPECT_EQ(Mistrusting(), 0);
  EXPECT_THAT(Entry()["matchConditions"][0]["expression"].get<std::string>(), HasSubstr("fedora"));
}

TEST_F(WebhookTrustTest, ABundleOfOthersThatDoesNotFitIsToldOnceAndNotTouched) {
  Install();
  ASSERT_TRUE(trust_.Reconcile(Soon()).ok());
  bundle_ = "";                      // cert-manager's from now on
  served_ = TestAuthority().Sign();  // and it forgot the bundle
  const CapturedLog log;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(trust_.Reconcile(Soon()).ok());
  EXPECT_EQ(Mistrusting(), 1);
  EXPECT_EQ(client_.Requests(KubeVerb::kPatch), 1);
  EXPECT_THAT(log.lines(), testing::Contains(HasSubstr("does not vouch")).Times(1));
  served_ = authority_.Sign();
  ASSERT_TRUE(trust_.Reconcile(Soon()).ok());
  EXPECT_EQ(Mistrusting(), 0);
}

TEST_F(WebhookTrustTest, AnExpiredCertificateIsMistrusted) {
  Install();
  clock_.now += absl::Hours(2);
  ASSERT_TRUE(trust_.Reconcile(Soon()).ok());
  EXPECT_EQ(Mistrusting(), 1);
}

TEST_F(WebhookTrustTest, ErrorsAreThoseOfTheApiServer) {
  EXPECT_TRUE(absl::IsNotFound(trust_.Reconcile(Soon())));
  Install();
  client_.Fail({absl::UnavailableError("cut"), FakeKubeFault::When::kBefore, KubeVerb::kPatch});
  EXPECT_TRUE(absl::IsUnavailable(trust_.Reconcile(Soon())));
  EXPECT_EQ(Mistrusting(), 1);
  EXPECT_TRUE(trust_.Reconcile(Soon()).ok());
}

}  // namespace
}  // namespace innkeeper
